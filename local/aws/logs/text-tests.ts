/** Tests of one text in a filter pattern: regular expressions and wildcards. */
import { invalidParameter } from './errors.ts';

/** `%expression%`, where a pattern may hold it. */
export function expressionTest(expression: string): (text: string) => boolean {
  try {
    const compiled = new RegExp(expression);
    return (text) => compiled.test(text);
  } catch {
    throw invalidParameter(`Invalid filter pattern: ${expression} is not a regular expression.`);
  }
}

/** A text in which `*` stands for any characters. */
export function wildcardTest(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text === pattern;
  const expression = new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's');
  return (text) => expression.test(text);
}

/** The text as a regular expression that means just it. */
export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
