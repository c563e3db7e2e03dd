/** A self-signed X.509 certificate for a key pair, in PEM: what `SigningCertURL` serves. RFC 5280, by hand. */
import { createPublicKey, sign, type KeyObject } from 'node:crypto';

/** Object identifiers as DER. */
const SHA256_WITH_RSA = Buffer.from('06092a864886f70d01010b', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const NULL = Buffer.from('0500', 'hex');

const TAGS = { integer: 0x02, bitString: 0x03, utf8String: 0x0c, sequence: 0x30, set: 0x31, time: 0x18 };

export interface CertificateRequest {
  readonly commonName: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

export function selfSignedCertificate(privateKey: KeyObject, request: CertificateRequest): string {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const algorithm = der(TAGS.sequence, SHA256_WITH_RSA, NULL);
  const name = der(
    TAGS.sequence,
    der(TAGS.set, der(TAGS.sequence, COMMON_NAME, der(TAGS.utf8String, Buffer.from(request.commonName)))),
  );
  const validity = der(TAGS.sequence, time(request.from), time(request.to));
  const serialNumber = der(TAGS.integer, Buffer.from([1]));
  // Without extensions a certificate is of version 1, which is the default and not written.
  const content = der(TAGS.sequence, serialNumber, algorithm, name, validity, name, publicKey);
  const signature = der(TAGS.bitString, Buffer.from([0]), sign('sha256', content, privateKey));
  const certificate = der(TAGS.sequence, content, algorithm, signature).toString('base64');
  const lines = certificate.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(TAGS.time, Buffer.from(text));
}

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), derLength(content.length), content]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 + bytes.length]), bytes]);
}
