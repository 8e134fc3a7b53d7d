/** Tells whether a text is asked about for the first time: for what is to be said once, whoever has to say it. */
export function createNews(): (message: string) => boolean {
  const said = new Set<string>();
  return (message) => said.size < said.add(message).size;
}
