/**
 * `Fn::Cidr` for IPv4.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html
 */
import { AssemblyError } from '../../lib/assembly/errors.ts';

const IPV4_BITS = 32;
/** The page above: "count ... valid range is between 1 and 256". */
const MAX_BLOCKS = 256;

/**
 * The first `count` blocks of `bits` host bits inside `block`.
 *
 * @throws AssemblyError when the block is not IPv4 in CIDR notation, or too small for that many blocks.
 */
export function cidrBlocks(block: string, count: number, bits: number): string[] {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(block);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5]);
  if (match === null || octets.some((octet) => octet > 255) || prefix > IPV4_BITS) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNSUPPORTED',
      `Fn::Cidr of ${block}: only IPv4 blocks such as 10.0.0.0/16 are supported.`,
    );
  }
  const size = 2 ** bits;
  if (!(count >= 1 && count <= MAX_BLOCKS) || count * size > 2 ** (IPV4_BITS - prefix)) {
    throw new AssemblyError(
      'WAYBILL_TEMPLATE_UNRESOLVED',
      `Fn::Cidr: ${block} has no room for ${count} blocks of ${bits} host bits.`,
    );
  }
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const start = base - (base % 2 ** (IPV4_BITS - prefix));
  return Array.from({ length: count }, (_, index) => `${dotted(start + index * size)}/${IPV4_BITS - bits}`);
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
