/** Which metric a request means: its dimensions, and how dimensions are shown. */
import { invalidValue, list, requiredText, type Input } from './errors.ts';
import { MAXIMUM_DIMENSIONS } from './limits.ts';

/** The `Dimensions` of a request: names to values. */
export function dimensionsOf(input: Input): Record<string, string> {
  const dimensions = list(input, 'Dimensions');
  if (dimensions.length > MAXIMUM_DIMENSIONS) {
    throw invalidValue(`A metric has at most ${MAXIMUM_DIMENSIONS} dimensions.`);
  }
  return Object.fromEntries(
    dimensions.map((dimension) => [requiredText(dimension, 'Name'), requiredText(dimension, 'Value')]),
  );
}

export function shownDimensions(
  dimensions: Readonly<Record<string, string>>,
): { readonly Name: string; readonly Value: string }[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}
