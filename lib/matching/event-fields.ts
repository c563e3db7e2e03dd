/** An event as a pattern sees it: every leaf under its dotted path, with the array elements it lies in. */
import { isRawNumber } from './exact-json.ts';
import { isRecord } from '../json.ts';
import { isScalar, type Scalar } from './value-tests.ts';

/** A leaf of an event. */
export interface Field {
  readonly value: Scalar;
  /** A number as it was spelt, where that differs from JavaScript's spelling. */
  readonly spelling?: string;
  /** The arrays of objects it lies in, and in which element of each. */
  readonly elements: ReadonlyMap<number, number>;
}

/** An event, flattened once for any number of patterns. */
export interface EventFields {
  readonly byPath: ReadonlyMap<string, readonly Field[]>;
}

const NO_ELEMENTS: ReadonlyMap<number, number> = new Map();

/**
 * Flattens an event. Arrays vanish from the path: `{"a": [{"b": 1}, {"b": 2}]}` has two fields `a.b`. Empty
 * arrays and objects leave no field, so `{"exists": false}` holds for them.
 */
export function flattenEvent(event: Readonly<Record<string, unknown>>): EventFields {
  const byPath = new Map<string, Field[]>();
  let arrays = 0;

  const add = (path: string, field: Field): void => {
    const fields = byPath.get(path);
    if (fields) fields.push(field);
    else byPath.set(path, [field]);
  };

  const visit = (value: unknown, path: string, elements: ReadonlyMap<number, number>): void => {
    if (isScalar(value)) {
      add(path, { value, elements });
      return;
    }
    if (isRawNumber(value)) {
      add(path, { value: Number(value.rawJSON), spelling: value.rawJSON, elements });
      return;
    }
    if (Array.isArray(value)) {
      const array = arrays++;
      value.forEach((member: unknown, index) => {
        // Scalars of one array stay interchangeable: only objects and arrays tie their fields together.
        visit(
          member,
          path,
          isScalar(member) || isRawNumber(member) ? elements : new Map(elements).set(array, index),
        );
      });
      return;
    }
    if (isRecord(value)) {
      for (const [key, member] of Object.entries(value)) {
        visit(member, path === '' ? key : `${path}.${key}`, elements);
      }
    }
  };

  visit(event, '', NO_ELEMENTS);
  return { byPath };
}
