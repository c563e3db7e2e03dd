/** Addresses of the IpAddress operator: IPv4 and IPv6, alone or with a prefix length. */
import { BlockList, isIP } from 'node:net';

/** False also for what is no address. */
export function inRange(address: string, range: string): boolean {
  const [network = '', prefix] = range.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(address) !== family) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix), kind);
  return list.check(address, kind);
}
