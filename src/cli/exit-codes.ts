/** How the program ends (contract, section 9); 78 is `EX_CONFIG` of sysexits. */
export const exitCodes = { clean: 0, crash: 1, usage: 2, configuration: 78 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
