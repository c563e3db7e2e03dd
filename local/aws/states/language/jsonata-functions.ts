/**
 * The functions that Step Functions adds to JSONata, and those of JSONata that must follow our clock and our chance.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions provided by Step Functions"
 */
import { randomUUID } from 'node:crypto';
import type { Expression, Focus } from 'jsonata';
import { seededRandom } from '../../faults.ts';
import { hashOf, rangeOf } from './intrinsic-functions.ts';

export function registerFunctions(expression: Expression): void {
  expression.registerFunction('partition', partition, '<an:a<a>>');
  expression.registerFunction(
    'range',
    (first: number, last: number, step: number) => [...rangeOf(first, last, step)],
    '<nnn:a<n>>',
  );
  expression.registerFunction(
    'hash',
    (data: string, algorithm?: string) => hashOf(data, algorithm ?? 'SHA-256'),
    '<s-s?:s>',
  );
  expression.registerFunction('random', random, '<n?:n>');
  expression.registerFunction('uuid', () => randomUUID(), '<:s>');
  expression.registerFunction('parse', (text: string) => JSON.parse(text) as unknown, '<s-:x>');
  expression.registerFunction('millis', now, '<:n>');
  expression.registerFunction('now', formattedNow, '<s?s?:s>');
  expression.registerFunction('eval', refuseEval, '<s-:x>');
}

function partition(items: readonly unknown[], size: number): unknown[][] {
  const width = Math.floor(size);
  if (width < 1) throw new Error('The chunk size of $partition must be 1 or more.');
  const chunks: unknown[][] = [];
  for (let start = 0; start < items.length; start += width) chunks.push(items.slice(start, start + width));
  return chunks;
}

function random(this: Focus, seed?: number): number {
  if (seed !== undefined) return seededRandom(seed)();
  return (this.environment.lookup('waybill:random') as () => number)();
}

function now(this: Focus): number {
  return this.environment.lookup('waybill:now') as number;
}

interface NativeFunction {
  readonly implementation: (millis: number, picture?: string, timezone?: string) => string;
}

function formattedNow(this: Focus, picture?: string, timezone?: string): string {
  const millis = this.environment.lookup('waybill:now') as number;
  const fromMillis = this.environment.lookup('fromMillis') as NativeFunction;
  return fromMillis.implementation(millis, picture, timezone);
}

function refuseEval(): never {
  throw new Error('The function $eval is not supported: use $parse for JSON.');
}
