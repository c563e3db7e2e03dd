/**
 * Signs what SNS sends, so that a receiver's own check of it passes: RSA over the members in the order AWS names,
 * with the certificate at `SigningCertURL`. The key is this process's own, not Amazon's.
 * sns/latest/dg/sns-verify-signature-of-message.html
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import type { RestRoute } from '../protocols/rest-json.ts';
import { selfSignedCertificate } from './certificate.ts';

/** Small on purpose: every message is signed, and nobody is protected by it here. */
const KEY_BITS = 1_024;
const YEAR_MS = 365 * 86_400_000;
/** `SignatureVersion` to the digest. */
const DIGESTS: Readonly<Record<string, string>> = { '1': 'sha1', '2': 'sha256' };

/** The members that are signed, in order; a member the message does not have is left out. */
const SIGNED_MEMBERS: readonly string[] = [
  'Message',
  'MessageId',
  'Subject',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
];

export interface SignatureMembers {
  readonly SignatureVersion: string;
  readonly Signature: string;
  readonly SigningCertURL: string;
}

export interface Signer {
  sign(message: Readonly<Record<string, unknown>>, version: string): SignatureMembers;
  /** Serves the certificate. */
  readonly route: RestRoute;
}

interface KeptKey {
  readonly id: string;
  readonly privateKey: string;
  readonly certificate: string;
}

/** The key is made when the first message is signed, and kept with the state: what waits in queues stays valid. */
export function createSigner(context: AwsContext): Signer {
  const collection = context.state.collection<KeptKey>('sns.signing');
  let kept = collection.entries()[0]?.[1];
  let privateKey: KeyObject | undefined = kept && createPrivateKey(kept.privateKey);
  const id = kept?.id ?? randomBytes(16).toString('hex');
  const path = `/SimpleNotificationService-${id}.pem`;

  const key = (): KeyObject => {
    if (privateKey) return privateKey;
    const pair = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
    const now = context.clock.now();
    const certificate = selfSignedCertificate(pair.privateKey, {
      commonName: 'sns.amazonaws.com',
      from: now - YEAR_MS,
      to: now + 20 * YEAR_MS,
    });
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    kept = { id, privateKey: pem, certificate };
    collection.put('key', kept);
    privateKey = pair.privateKey;
    return privateKey;
  };

  return {
    sign(message, version) {
      const digest = DIGESTS[version] ?? 'sha1';
      return {
        SignatureVersion: version,
        Signature: sign(digest, Buffer.from(stringToSign(message)), key()).toString('base64'),
        SigningCertURL: `${context.endpointUrl}${path}`,
      };
    },
    route: {
      method: 'GET',
      path,
      async handle() {
        key();
        const headers = { 'content-type': 'application/x-pem-file' };
        return { status: 200, headers, body: kept?.certificate ?? '' };
      },
    },
  };
}

function stringToSign(message: Readonly<Record<string, unknown>>): string {
  return SIGNED_MEMBERS.filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${String(message[name])}\n`)
    .join('');
}
