/**
 * What a target receives of an event: all of it, a constant, a part, or a template filled from it.
 * eventbridge/latest/userguide/eb-transform-target-input.html
 */
import { parseExact } from '../../../lib/matching/index.ts';
import type { BusEvent, InputTransformer, Target } from './model.ts';

/** Values that a template may use without naming a path. */
export interface PredefinedValues {
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly event: BusEvent;
  /** ISO time when the event came to the bus. */
  readonly ingestionTime: string;
}

const PREDEFINED: ReadonlySet<string> = new Set([
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event',
  'aws.events.event.json',
  'aws.events.event.ingestion-time',
]);

const PLACEHOLDER = /<([^<>\s]+)>/g;

/** The text a target receives. */
export function targetInput(target: Target, values: PredefinedValues): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) {
    return JSON.stringify(valueAt(values.event, target.InputPath) ?? null);
  }
  if (target.InputTransformer !== undefined) return fillTemplate(target.InputTransformer, values);
  return JSON.stringify(values.event);
}

/** The first placeholder of a template that nothing defines. */
export function undefinedPlaceholder({
  InputPathsMap: paths = {},
  InputTemplate: template,
}: InputTransformer): string | undefined {
  return [...template.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name)
    .find((name) => !Object.hasOwn(paths, name) && !PREDEFINED.has(name));
}

/** True for the JSON paths that EventBridge takes: `$`, dots, and indexes or names in brackets. */
export function isPath(path: string): boolean {
  return readPath(path) !== undefined;
}

/**
 * Outside quotes a placeholder becomes a JSON value, inside them its text without quotes. What a path does
 * not find is the empty text in either place.
 */
function fillTemplate(
  { InputPathsMap: paths = {}, InputTemplate: template }: InputTransformer,
  values: PredefinedValues,
) {
  let filled = '';
  let quoted = false;
  let position = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const before = template.slice(position, match.index);
    quoted = isQuotedAfter(before, quoted);
    const [placeholder, name = ''] = match;
    const path = paths[name];
    const value = path === undefined ? predefined(name, values) : valueAt(values.event, path);
    filled += before + (quoted ? insideQuotes(value) : JSON.stringify(value ?? ''));
    position = match.index + placeholder.length;
  }
  return minified(filled + template.slice(position));
}

/** "The JSON that is passed to the target is minified"; a template may make something else than JSON. */
function minified(text: string): string {
  try {
    return JSON.stringify(parseExact(text));
  } catch {
    return text;
  }
}

function predefined(name: string, values: PredefinedValues): unknown {
  const { event } = values;
  switch (name) {
    case 'aws.events.rule-arn':
      return values.ruleArn;
    case 'aws.events.rule-name':
      return values.ruleName;
    case 'aws.events.event.ingestion-time':
      return values.ingestionTime;
    case 'aws.events.event.json':
      return event;
    case 'aws.events.event': {
      const { detail: _detail, 'detail-type': detailType, ...rest } = event;
      return { ...rest, detailType };
    }
    default:
      return undefined;
  }
}

function insideQuotes(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return JSON.stringify(value).slice(1, -1);
  return JSON.stringify(value).replaceAll('"', '');
}

function isQuotedAfter(text: string, quotedBefore: boolean): boolean {
  let quoted = quotedBefore;
  for (let position = 0; position < text.length; position++) {
    const character = text.charAt(position);
    if (character === '\\') position++;
    else if (character === '"') quoted = !quoted;
  }
  return quoted;
}

/** The value a path leads to; undefined when it leads nowhere. A wildcard leads to a list. */
export function valueAt(event: unknown, path: string): unknown {
  return walk(event, readPath(path) ?? []);
}

function walk(value: unknown, steps: readonly string[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (step === WILDCARD) {
    const found = Object.values(value).map((member) => walk(member, rest));
    return found.filter((member) => member !== undefined);
  }
  return Object.hasOwn(value, step) ? walk((value as Record<string, unknown>)[step], rest) : undefined;
}

const WILDCARD = '*';
const STEP = /\.([^.[\]]+)|\[(\d+|\*)\]|\['([^']+)'\]|\["([^"]+)"\]/y;

function readPath(path: string): readonly string[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: string[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (!match) return undefined;
    steps.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  return steps;
}
