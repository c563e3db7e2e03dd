/**
 * Message attributes: what is allowed, how many bytes they take, and their MD5 digest.
 * "Amazon SQS message metadata", sqs-message-metadata.html
 */
import { hash } from 'node:crypto';
import { invalidMessageContents, invalidParameter, unsupportedOperation, wrongType } from './errors.ts';
import { structureMap, type Input } from './input.ts';
import { MAXIMUM_ATTRIBUTE_NAME_LENGTH, MAXIMUM_MESSAGE_ATTRIBUTES } from './limits.ts';
import type { MessageAttributes, MessageAttributeValue } from './message.ts';

/** The significant digits and the powers of ten that a Number holds. sqs-message-metadata.html */
const MAXIMUM_NUMBER_DIGITS = 38;
const SMALLEST_NUMBER = 1e-128;
const LARGEST_NUMBER = 1e126;

const NONE: MessageAttributes = {};

/** Refuses attributes AWS would refuse; returns them as they are stored. */
export function checkMessageAttributes(input: Input): MessageAttributes {
  if (input['MessageAttributes'] === undefined || input['MessageAttributes'] === null) return NONE;
  const entries = Object.entries(structureMap(input, 'MessageAttributes'));
  if (entries.length > MAXIMUM_MESSAGE_ATTRIBUTES) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${MAXIMUM_MESSAGE_ATTRIBUTES}].`,
    );
  }
  return Object.fromEntries(
    entries.map(([name, value]) => {
      checkName(name);
      return [name, checkValue(name, value)] as const;
    }),
  );
}

/** Bytes the attributes count for: names, data types and values. */
export function attributeBytes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, attribute] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + valueLength(attribute);
  }
  return bytes;
}

/** The digest SDKs check: name, type and value of each attribute, sorted by name. Undefined for none. */
export function attributesMd5(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).toSorted();
  if (names.length === 0) return undefined;
  const parts: Buffer[] = [];
  for (const name of names) {
    const attribute = attributes[name] as MessageAttributeValue;
    addField(parts, Buffer.from(name));
    addField(parts, Buffer.from(attribute.DataType));
    parts.push(Buffer.of(isBinary(attribute.DataType) ? 2 : 1));
    addField(parts, valueBytes(attribute));
  }
  return hash('md5', Buffer.concat(parts), 'hex');
}

/** XML 1.0 characters only; unpaired surrogates are none. */
export function hasInvalidCharacters(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these control characters are what SQS refuses
  return /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text) || !text.isWellFormed();
}

/** The attributes a receive asks for: names, `prefix.*`, `.*` or `All`. */
export function selectAttributes(
  attributes: MessageAttributes,
  wanted: readonly string[],
): MessageAttributes {
  if (attributes === NONE || wanted.length === 0) return NONE;
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => wanted.some((pattern) => matchesName(pattern, name))),
  );
}

function matchesName(pattern: string, name: string): boolean {
  if (pattern === 'All' || pattern === '.*' || pattern === '*') return true;
  return pattern.endsWith('.*') ? name.startsWith(pattern.slice(0, -'.*'.length)) : pattern === name;
}

function checkName(name: string): void {
  if (name === '') {
    throw invalidParameter('The request must contain non-empty message (user) attribute names.');
  }
  const wellFormed = /^[A-Za-z0-9_.-]+$/.test(name) && !/^\.|\.$|\.\./.test(name);
  if (!wellFormed || name.length > MAXIMUM_ATTRIBUTE_NAME_LENGTH) {
    throw invalidParameter(
      `Message (user) attribute name '${name}' is invalid. Attribute names can contain A-Z, a-z, 0-9, hyphen, underscore and single inner periods, up to ${MAXIMUM_ATTRIBUTE_NAME_LENGTH} characters.`,
    );
  }
  if (/^(aws|amazon)\./i.test(name)) {
    throw invalidParameter(
      `You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use.`,
    );
  }
}

function checkValue(name: string, value: Input): MessageAttributeValue {
  if (!isEmptyList(value['StringListValues']) || !isEmptyList(value['BinaryListValues'])) {
    throw unsupportedOperation('Message attribute list values in SendMessage operation are not supported.');
  }
  for (const member of ['DataType', 'StringValue', 'BinaryValue']) {
    const given = value[member];
    if (given !== undefined && given !== null && typeof given !== 'string') {
      throw wrongType(`The member ${member} of the message attribute '${name}' must be a string.`);
    }
  }
  const { DataType: type, StringValue: text, BinaryValue: binary } = value as Partial<MessageAttributeValue>;
  if (!type)
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute type.`,
    );
  if (!/^(String|Number|Binary)(\..+)?$/.test(type) || type.length > MAXIMUM_ATTRIBUTE_NAME_LENGTH) {
    throw invalidParameter(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  const content = isBinary(type) ? binary : text;
  if (!content) {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty value of type '${isBinary(type) ? 'Binary' : 'String'}'.`,
    );
  }
  if (isBinary(type)) return { DataType: type, BinaryValue: content };
  if (hasInvalidCharacters(content) || hasInvalidCharacters(type)) throw invalidMessageContents();
  if (/^Number(\.|$)/.test(type) && !isNumber(content.trim())) {
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { DataType: type, StringValue: content };
}

/** Up to 38 digits, from 10^-128 to 10^+126. */
function isNumber(text: string): boolean {
  const parts = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.exec(text);
  if (!parts) return false;
  const digits = (parts[1] ?? '').replace('.', '').replace(/^0+/, '').replace(/0+$/, '');
  const size = Math.abs(Number(text));
  return (
    digits.length <= MAXIMUM_NUMBER_DIGITS &&
    (digits === '' || (size >= SMALLEST_NUMBER && size <= LARGEST_NUMBER))
  );
}

function isEmptyList(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function isBinary(type: string): boolean {
  return /^Binary(\.|$)/.test(type);
}

function valueBytes(attribute: MessageAttributeValue): Buffer {
  return isBinary(attribute.DataType)
    ? Buffer.from(attribute.BinaryValue ?? '', 'base64')
    : Buffer.from(attribute.StringValue ?? '');
}

function valueLength(attribute: MessageAttributeValue): number {
  return isBinary(attribute.DataType)
    ? Buffer.byteLength(attribute.BinaryValue ?? '', 'base64')
    : Buffer.byteLength(attribute.StringValue ?? '');
}

function addField(parts: Buffer[], bytes: Buffer): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  parts.push(length, bytes);
}
