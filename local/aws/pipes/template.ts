/**
 * Input templates of pipes: `<$.body.orderId>` is a part of the event, `<aws.pipes.pipe-name>` is about the pipe.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
 */
import { valueAt } from '../events/transform.ts';

const PLACEHOLDER = /<([^<>\s]+)>/g;

export type PipeEvent = Readonly<Record<string, unknown>>;

/** What a template can say about the pipe itself, by the names of AWS's variables. */
export type PipeVariables = Readonly<Record<string, string | undefined>>;

/** The text that a template makes of an event; the event itself when there is none. */
export function fillTemplate(template: string | undefined, event: unknown, variables: PipeVariables): string {
  if (template === undefined || template === '')
    return typeof event === 'string' ? event : JSON.stringify(event);
  const readable = withParsedText(event);
  const valueOf = (name: string): unknown => {
    if (name === 'aws.pipes.event') return event;
    if (name === 'aws.pipes.event.json') return readable;
    return name.startsWith('$') ? valueAt(readable, name) : variables[name];
  };
  const alone = /^\s*<([^<>\s]+)>\s*$/.exec(template)?.[1];
  if (alone !== undefined) {
    const value = valueOf(alone) ?? '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  let filled = '';
  let quoted = false;
  let position = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const before = template.slice(position, match.index);
    quoted = isQuotedAfter(before, quoted);
    const value = valueOf(match[1] ?? '');
    filled += before + (quoted ? insideQuotes(value) : JSON.stringify(value ?? ''));
    position = match.index + match[0].length;
  }
  return filled + template.slice(position);
}

/** A parameter of a target: a path into the event, or the text as it is. */
export function parameterOf(parameter: string | undefined, event: unknown): string | undefined {
  if (parameter === undefined || !parameter.startsWith('$.')) return parameter;
  const value = valueAt(withParsedText(event), parameter);
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** "Implicit body data parsing": paths look into the JSON of `body` and of the base64 of `data` (page above). */
function withParsedText(event: unknown): unknown {
  if (typeof event !== 'object' || event === null) return event;
  const { body, data, eventSource } = event as { body?: unknown; data?: unknown; eventSource?: unknown };
  if (typeof body === 'string') return { ...event, body: parsed(body) };
  if (typeof data === 'string' && eventSource === 'aws:kinesis') {
    return { ...event, data: parsed(Buffer.from(data, 'base64').toString('utf8')) };
  }
  return event;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function insideQuotes(value: unknown): string {
  if (value === undefined || value === null) return '';
  return JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1);
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
