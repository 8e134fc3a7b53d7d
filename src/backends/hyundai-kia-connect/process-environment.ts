const passedOn = /^(PATH|HOME|LANG|LC_.+)$/;
/** Read in either case by Python's HTTP libraries; a bridge behind a company's proxy needs them. */
const network =
  /^(HTTPS_PROXY|HTTP_PROXY|ALL_PROXY|NO_PROXY|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|SSL_CERT_FILE)$/i;

/** The whole environment of the Python process: what is not listed here, the daemon's secrets too, stays out. */
export function processEnvironment(
  own: NodeJS.ProcessEnv,
  pythonPath: string,
): Record<string, string> {
  const inherited = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (passedOn.test(entry[0]) || network.test(entry[0])),
  );
  return {
    ...Object.fromEntries(inherited),
    TZ: 'UTC',
    PYTHONPATH: pythonPath,
    PYTHONWARNINGS: 'ignore',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
