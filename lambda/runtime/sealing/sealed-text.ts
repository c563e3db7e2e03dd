/** One sealed text: AES-256-GCM, bound to its place, written so that it passes for text in an event's data. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What an opened field reads when the key of its data subject is gone. */
export const ERASED = '[erased]';

const PREFIX = 'waybill-sealed:1:';
/** Bytes, NIST SP 800-38D. */
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** Where a text belongs. A sealed text that was moved elsewhere does not open. */
export interface SealedPlace {
  readonly tenantId: string;
  readonly eventType: string;
  readonly eventId: string;
  /** Path of the field, list positions as numbers: `items.0.name`. */
  readonly path: string;
}

export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(PREFIX);
}

/** @param key 32 bytes */
export function sealText(text: string, key: Buffer, place: SealedPlace): string {
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_LENGTH });
  cipher.setAAD(placeBytes(place));
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return PREFIX + sealed.toString('base64url');
}

/** @returns undefined where the text was changed or moved, or the key is another one */
export function openText(sealed: string, key: Buffer, place: SealedPlace): string | undefined {
  const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
  if (bytes.length < IV_LENGTH + TAG_LENGTH) return undefined;
  const tagAt = bytes.length - TAG_LENGTH;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_LENGTH), {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAAD(placeBytes(place));
    decipher.setAuthTag(bytes.subarray(tagAt));
    return decipher.update(bytes.subarray(IV_LENGTH, tagAt), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

function placeBytes({ tenantId, eventType, eventId, path }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([tenantId, eventType, eventId, path]));
}
