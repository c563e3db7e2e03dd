/**
 * KMS ciphertext: AES-256-GCM under a key's own material, bound to the key and the encryption context. The blob
 * names its key, so Decrypt needs no key id.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError } from '../errors.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const VERSION = 1;
const KEY_ID_BYTES = 36;
/** Which of the key's rotated materials it was made with. */
const MATERIAL_BYTES = 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + MATERIAL_BYTES + NONCE_BYTES + TAG_BYTES;

/** What a key encrypts with. `keyId` is its UUID; the newest material comes last. */
export interface KeyMaterials {
  readonly id: string;
  readonly materials: readonly Buffer[];
}

/** Encrypts with the newest material. */
export function encrypt(key: KeyMaterials, plaintext: Buffer, context: EncryptionContext): Buffer {
  const index = key.materials.length - 1;
  const material = key.materials[index]!;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', material, nonce);
  cipher.setAAD(boundData(key.id, context));
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const header = Buffer.concat([Buffer.from([VERSION]), Buffer.from(key.id), Buffer.alloc(MATERIAL_BYTES)]);
  header.writeUInt16BE(index, 1 + KEY_ID_BYTES);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), content]);
}

/** The id of the key a blob was made with; throws `InvalidCiphertextException` for anything else. */
export function keyIdOf(blob: Buffer): string {
  if (blob.length < HEADER_BYTES || blob[0] !== VERSION) throw invalidCiphertext();
  return blob.toString('latin1', 1, 1 + KEY_ID_BYTES);
}

/** Throws `InvalidCiphertextException` when the blob was changed or the encryption context differs. */
export function decrypt(key: KeyMaterials, blob: Buffer, context: EncryptionContext): Buffer {
  const material = key.materials[blob.readUInt16BE(1 + KEY_ID_BYTES)];
  if (material === undefined) throw invalidCiphertext();
  const nonceAt = 1 + KEY_ID_BYTES + MATERIAL_BYTES;
  const tagAt = nonceAt + NONCE_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(nonceAt, tagAt));
  decipher.setAAD(boundData(key.id, context));
  decipher.setAuthTag(blob.subarray(tagAt, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(blob.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

function invalidCiphertext(): AwsError {
  return new AwsError(
    'InvalidCiphertextException',
    'The ciphertext is damaged, is none of ours, or was made with another encryption context.',
  );
}

/** The order of an encryption context's pairs does not count. */
function boundData(keyId: string, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify([keyId, pairs]));
}
