/**
 * Values that only AWS knows: an import from a stack outside the assembly, an attribute that a custom resource
 * returns. They are texts with a marker, so that they can stand anywhere in a template and still be told apart.
 */
const MARKER = '\u27E8unknown ';

/** @param what for people, for example `Fn::ImportValue shared-bus` */
export function unknownValue(what: string): string {
  return `${MARKER}${what}\u27E9`;
}

/** True for a text that is, or holds, such a value. Rules say nothing about those. */
export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && value.includes(MARKER);
}
