/** Encryption, decryption, data keys and random data. */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { optionalText, requiredText, validationError, wholeNumber, type JsonInput } from '../json-input.ts';
import type { Action } from './action.ts';
import { decrypt, encrypt, keyIdOf, type EncryptionContext } from './ciphertext.ts';
import type { Key, Keys } from './keys.ts';

/** Bytes Encrypt takes under a symmetric key. Encrypt */
const MAXIMUM_PLAINTEXT_BYTES = 4096;
/** Bytes of a data key or of random data. GenerateDataKey, GenerateRandom */
const MAXIMUM_RANDOM_BYTES = 1024;

export function cryptographyActions(keys: Keys): Readonly<Record<string, Action>> {
  return {
    Encrypt(input) {
      const key = keys.usable(requiredText(input, 'KeyId'));
      const plaintext = blob(input, 'Plaintext');
      if (plaintext.length < 1 || plaintext.length > MAXIMUM_PLAINTEXT_BYTES) {
        throw validationError(`Plaintext must be 1 to ${MAXIMUM_PLAINTEXT_BYTES} bytes.`);
      }
      const ciphertext = encrypt(key, plaintext, encryptionContext(input, 'EncryptionContext'));
      return { CiphertextBlob: ciphertext.toString('base64'), KeyId: key.arn, ...ALGORITHM };
    },
    Decrypt(input) {
      const { key, plaintext } = open(keys, input, 'KeyId', 'EncryptionContext');
      return { Plaintext: plaintext.toString('base64'), KeyId: key.arn, ...ALGORITHM };
    },
    ReEncrypt(input) {
      const { key: source, plaintext } = open(keys, input, 'SourceKeyId', 'SourceEncryptionContext');
      const key = keys.usable(requiredText(input, 'DestinationKeyId'));
      const bound = encryptionContext(input, 'DestinationEncryptionContext');
      const ciphertext = encrypt(key, plaintext, bound);
      return { CiphertextBlob: ciphertext.toString('base64'), SourceKeyId: source.arn, KeyId: key.arn };
    },
    GenerateDataKey: (input) => dataKey(keys, input),
    GenerateDataKeyWithoutPlaintext(input) {
      const { KeyId, CiphertextBlob } = dataKey(keys, input);
      return { KeyId, CiphertextBlob };
    },
    GenerateRandom(input) {
      const bytes = wholeNumber(input, 'NumberOfBytes', 1, MAXIMUM_RANDOM_BYTES, undefined);
      if (bytes === undefined) throw validationError('The member NumberOfBytes is required.');
      return { Plaintext: randomBytes(bytes).toString('base64') };
    },
  };
}

const ALGORITHM = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };

function dataKey(keys: Keys, input: JsonInput): Record<'KeyId' | 'Plaintext' | 'CiphertextBlob', string> {
  const key = keys.usable(requiredText(input, 'KeyId'));
  const spec = optionalText(input, 'KeySpec');
  const bytes = wholeNumber(input, 'NumberOfBytes', 1, MAXIMUM_RANDOM_BYTES, undefined);
  if ((spec === undefined) === (bytes === undefined)) {
    throw validationError('Please specify either number of bytes or key spec.');
  }
  if (spec !== undefined && spec !== 'AES_256' && spec !== 'AES_128') {
    throw validationError('KeySpec must be AES_256 or AES_128.');
  }
  const plaintext = randomBytes(bytes ?? (spec === 'AES_128' ? 16 : 32));
  const ciphertext = encrypt(key, plaintext, encryptionContext(input, 'EncryptionContext'));
  return {
    KeyId: key.arn,
    Plaintext: plaintext.toString('base64'),
    CiphertextBlob: ciphertext.toString('base64'),
  };
}

/** Decrypts the request's blob; the key the caller names, if any, must be the one it was made with. */
function open(
  keys: Keys,
  input: JsonInput,
  keyMember: string,
  contextMember: string,
): { key: Key; plaintext: Buffer } {
  const ciphertext = blob(input, 'CiphertextBlob');
  const key = keys.usable(keyIdOf(ciphertext));
  const named = optionalText(input, keyMember);
  if (named !== undefined && keys.find(named) !== key) {
    throw new AwsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  return {
    key,
    plaintext: decrypt(key, ciphertext, encryptionContext(input, contextMember)),
  };
}

function blob(input: JsonInput, name: string): Buffer {
  return Buffer.from(requiredText(input, name), 'base64');
}

function encryptionContext(input: JsonInput, name: string): EncryptionContext {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Object.values(value).some((item) => typeof item !== 'string')) {
    throw validationError(`The member ${name} must be a map of strings.`);
  }
  return value as EncryptionContext;
}
