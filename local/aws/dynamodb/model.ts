/** The values, items and keys of DynamoDB, as its JSON API spells them. */

/** One value: exactly one member is set. Binary is Base64, numbers are decimal text. */
export interface AttributeValue {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly SS?: readonly string[];
  readonly NS?: readonly string[];
  readonly BS?: readonly string[];
  readonly BOOL?: boolean;
  readonly NULL?: boolean;
  readonly L?: readonly AttributeValue[];
  readonly M?: Item;
}

/** An item, or the value of a map. Never changed once it is stored: a write puts a new one in its place. */
export type Item = Readonly<Record<string, AttributeValue>>;

export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'BOOL' | 'NULL' | 'L' | 'M';

export type KeyType = 'S' | 'N' | 'B';

/** A key attribute with its type. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/** What identifies an item in a table, or orders it in an index. */
export interface KeySchema {
  readonly hash: KeyAttribute;
  readonly range?: KeyAttribute;
}

export interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** The schema in the words of the API. */
export function keySchemaElements({ hash, range }: KeySchema): readonly KeySchemaElement[] {
  return [
    { AttributeName: hash.name, KeyType: 'HASH' },
    ...(range ? [{ AttributeName: range.name, KeyType: 'RANGE' } as const] : []),
  ];
}
