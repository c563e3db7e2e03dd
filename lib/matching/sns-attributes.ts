/** SNS message attributes as the event that a filter policy of scope MessageAttributes looks at. */
/** A message attribute in the API's shape. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** Base64 on the wire, bytes in process. */
  readonly BinaryValue?: Uint8Array | string;
}

/** Names in a filter policy are attribute names; values keep their type, and arrays their members. */
export function attributesAsEvent(
  attributes: Readonly<Record<string, MessageAttribute>> | undefined,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(attributes ?? {})) {
    const value = attributeValue(attribute);
    if (value !== undefined) event[name] = value;
  }
  return event;
}

/** Undefined for what SNS ignores when it filters: Binary, and values that do not fit their type. */
function attributeValue({ DataType: dataType, StringValue: text }: MessageAttribute): unknown {
  if (text === undefined) return undefined;
  if (dataType === 'String.Array') return parseArray(text);
  if (dataType === 'Number' || dataType.startsWith('Number.')) {
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
  }
  return dataType.startsWith('Binary') ? undefined : text;
}

function parseArray(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed)
      ? parsed.filter((member) => member === null || typeof member !== 'object')
      : parsed;
  } catch {
    return undefined;
  }
}
