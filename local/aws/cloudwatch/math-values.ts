/** The values of metric math: numbers, time series and lists of them, and how operators combine them. */
import { validationError } from './errors.ts';

/** The times of a series: one point each `period` milliseconds from `start`, `length` of them. */
export interface Grid {
  readonly start: number;
  /** Milliseconds. */
  readonly period: number;
  readonly length: number;
}

/** A point for each time of the grid; undefined where there is none. */
export type Points = readonly (number | undefined)[];

export interface SeriesValue {
  readonly kind: 'series';
  readonly points: Points;
  /** What the result is called when nobody names it. */
  readonly label?: string;
}

export interface ListValue {
  readonly kind: 'list';
  readonly items: readonly SeriesValue[];
}

export type MathValue = number | SeriesValue | ListValue | { readonly kind: 'text'; readonly text: string };

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** `a operator b`, point by point; where a point is missing or the result is no number, it has none. */
export function combine(operator: string, a: MathValue, b: MathValue): MathValue {
  const run = OPERATORS[operator];
  if (!run) throw validationError(`"${operator}" is not an operator of metric math.`);
  if (typeof a === 'number' && typeof b === 'number') return run(a, b);
  if (isText(a) || isText(b)) throw validationError(`The operator ${operator} takes no text.`);
  if (isList(a)) return { kind: 'list', items: a.items.map((item) => asSeries(combine(operator, item, b))) };
  if (isList(b)) return { kind: 'list', items: b.items.map((item) => asSeries(combine(operator, a, item))) };
  const length = typeof a === 'number' ? (b as SeriesValue).points.length : a.points.length;
  const points = Array.from({ length }, (_, index) => {
    const left = pointOf(a, index);
    const right = pointOf(b, index);
    return left === undefined || right === undefined ? undefined : finite(run(left, right));
  });
  return { kind: 'series', points };
}

export function isText(value: MathValue): value is { readonly kind: 'text'; readonly text: string } {
  return typeof value === 'object' && value.kind === 'text';
}

export function isList(value: MathValue): value is ListValue {
  return typeof value === 'object' && value.kind === 'list';
}

export function asSeries(value: MathValue): SeriesValue {
  if (typeof value === 'object' && value.kind === 'series') return value;
  throw validationError('A time series is expected here.');
}

export function pointOf(value: number | SeriesValue, index: number): number | undefined {
  return typeof value === 'number' ? value : value.points[index];
}

/** Division by zero and the like give no data point. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
