/** Reads and checks message attributes, and counts what they weigh. */
import type { MessageAttribute } from '../../../lib/matching/index.ts';
import { invalidParameterValue, validationError } from './errors.ts';
import { type Input, record } from './input.ts';
import { MAX_ATTRIBUTE_NAME_BYTES } from './limits.ts';

/** The attributes of `MessageAttributes`, checked. `where` names the member in a validation error. */
export function readMessageAttributes(
  input: Input,
  where = 'messageAttributes',
): Readonly<Record<string, MessageAttribute>> {
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, value] of Object.entries(record(input['MessageAttributes']))) {
    attributes[name] = readAttribute(name, record(value), where);
  }
  return attributes;
}

/** Bytes that names, types and values count towards the size of a message. */
export function attributesSize(attributes: Readonly<Record<string, MessageAttribute>>): number {
  let bytes = 0;
  for (const [name, attribute] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType);
    bytes += Buffer.byteLength(attribute.StringValue ?? '') + binaryBytes(attribute.BinaryValue).length;
  }
  return bytes;
}

/** A binary value as bytes: Base64 text on the wire, bytes in process. */
export function binaryBytes(value: Uint8Array | string | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  return typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(value);
}

function readAttribute(
  name: string,
  value: Readonly<Record<string, unknown>>,
  where: string,
): MessageAttribute {
  checkName(name);
  const { DataType: dataType, StringValue: text, BinaryValue: binary } = value;
  if (typeof dataType !== 'string' || dataType === '') {
    throw validationError(
      `1 validation error detected: Value null at '${where}.${name}.member.dataType' failed to satisfy constraint: Member must not be null`,
    );
  }
  const base = /^(String|Number|Binary)(\.|$)/.exec(dataType)?.[1];
  if (base === undefined) {
    throw invalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const field = base === 'Binary' ? 'Binary' : 'String';
  const own = field === 'Binary' ? binary : text;
  const other = field === 'Binary' ? text : binary;
  if (own === undefined && other !== undefined) {
    throw invalidParameterValue(
      `The message attribute '${name}' with type '${dataType}' must use field '${field}'.`,
    );
  }
  if (own === undefined || own === '' || (own instanceof Uint8Array && own.length === 0)) {
    throw invalidParameterValue(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${dataType}'.`,
    );
  }
  if (field === 'Binary') {
    const base64 = own instanceof Uint8Array ? Buffer.from(own).toString('base64') : asText(own);
    return { DataType: dataType, BinaryValue: base64 };
  }
  const plain = asText(own);
  if (base === 'Number' && !isNumber(plain)) {
    throw invalidParameterValue(`Could not cast message attribute '${name}' value to number.`);
  }
  return { DataType: dataType, StringValue: plain };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > MAX_ATTRIBUTE_NAME_BYTES) {
    throw invalidParameterValue('Length of message attribute name must be less than 256 bytes.');
  }
  const odd = /[^a-zA-Z0-9_.-]/.exec(name)?.[0];
  if (odd !== undefined) {
    throw invalidParameterValue(
      `Invalid non-alphanumeric character '#x${(odd.codePointAt(0) ?? 0).toString(16).toUpperCase()}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    );
  }
  if (name.startsWith('.')) {
    throw invalidParameterValue("Invalid message attribute name starting with character '.' was found.");
  }
  if (name.endsWith('.')) {
    throw invalidParameterValue("Invalid message attribute name ending with character '.' was found.");
  }
  if (name.includes('..')) {
    throw invalidParameterValue("Message attribute name can not have successive '.' character.");
  }
}
