/**
 * Addresses of caches. Templates put them together from a name and a port of their own choice, with TLS; the server of this
 * machine listens on a free port of the loopback, without. So a cache has a name as in AWS, and where it stands in a text,
 * that becomes the address of the server.
 *
 * | in a text | becomes |
 * |---|---|
 * | `rediss://NAME:6380`, `redis://USER:PASSWORD@NAME:6380` | `redis://127.0.0.1:PORT`, with user and password |
 * | `NAME:6380` | `127.0.0.1:PORT` |
 * | `NAME` | `127.0.0.1` |
 */
export interface LocalAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export function withLocalCaches(text: string, addresses: Iterable<LocalAddress>): string {
  let local = text;
  for (const { name, host, port } of addresses) {
    if (!local.includes(name)) continue;
    const escaped = name.replaceAll('.', '\\.');
    local = local
      .replaceAll(
        new RegExp(`\\b(?:rediss?|valkeys?)://([^/@\\s]*@)?${escaped}(?::\\d+)?`, 'g'),
        `redis://$1${host}:${port}`,
      )
      .replaceAll(new RegExp(`${escaped}:\\d+`, 'g'), `${host}:${port}`)
      .replaceAll(name, host);
  }
  return local;
}
