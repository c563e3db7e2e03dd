/**
 * Definitions that Step Functions refuses, with the place of each mistake.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
 */
import { isArray, isDeeperThan, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { STATE_NAME_LENGTH } from '../limits.ts';
import { createDiagnostics, isWhole, refuseUnknown } from './diagnostics.ts';
import type { Diagnostic, Diagnostics, FlowScope } from './diagnostics.ts';
import type { Definition } from './definition.ts';
import { validateState } from './validate-state.ts';

export type { Diagnostic } from './diagnostics.ts';

export type Validated =
  | { readonly definition: Definition; readonly diagnostics: readonly Diagnostic[] }
  | { readonly definition: undefined; readonly diagnostics: readonly Diagnostic[] };

const TOP_FIELDS: ReadonlySet<string> = new Set([
  'Comment',
  'QueryLanguage',
  'StartAt',
  'States',
  'TimeoutSeconds',
  'Version',
]);
const FLOW_FIELDS: ReadonlySet<string> = new Set(['Comment', 'StartAt', 'States', 'ProcessorConfig']);
const DEEPEST_NESTING = 50;
/** Levels of JSON, far from the end of the stack. */
const DEEPEST_VALUE = 500;

/** Reads a definition's text. Without a definition, the diagnostics say why. */
export function validateDefinition(text: string, type: 'STANDARD' | 'EXPRESS'): Validated {
  const report = createDiagnostics();
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch (error) {
    const message = `Error while parsing JSON: ${(error as Error).message}`;
    const diagnostic = {
      severity: 'ERROR',
      code: 'INVALID_JSON_DESCRIPTION',
      message,
      location: '/',
    } as const;
    return { definition: undefined, diagnostics: [diagnostic] };
  }
  if (isDeeperThan(DEEPEST_VALUE, parsed)) {
    report.schema('/', 'The definition is nested too deeply.');
    return { definition: undefined, diagnostics: report.list };
  }
  if (!isObject(parsed)) {
    report.schema('/', 'The definition must be a JSON object.');
    return { definition: undefined, diagnostics: report.list };
  }
  refuseUnknown(parsed, TOP_FIELDS, '', report);
  const language = parsed['QueryLanguage'] ?? 'JSONPath';
  if (language !== 'JSONPath' && language !== 'JSONata') {
    report.schema('/QueryLanguage', 'The value must be one of JSONPath, JSONata.');
  }
  const { TimeoutSeconds: timeout } = parsed;
  if (timeout !== undefined && !isWhole(timeout, 1)) {
    report.schema('/TimeoutSeconds', 'The value must be a positive integer.');
  }
  validateFlow(parsed, '', 0, {
    language: language === 'JSONata' ? 'JSONata' : 'JSONPath',
    express: type === 'EXPRESS',
    names: new Set(),
    outerVariables: new Set(),
    report,
    flow: validateFlow,
  });
  return {
    definition: report.list.length === 0 ? (parsed as unknown as Definition) : undefined,
    diagnostics: report.list,
  };
}

/** A flow at a place: the machine itself, a branch, or a processor. */
function validateFlow(flow: JsonObject, at: string, depth: number, scope: FlowScope): void {
  const { report } = scope;
  if (depth > DEEPEST_NESTING) {
    report.schema(at, 'The definition is nested too deeply.');
    return;
  }
  if (depth > 0) refuseUnknown(flow, FLOW_FIELDS, at, report);
  const { StartAt: start, States: states } = flow;
  if (!isObject(states) || Object.keys(states).length === 0) {
    report.schema(`${at}/States`, 'The field must be an object with at least one state.');
    return;
  }
  if (typeof start !== 'string')
    report.schema(`${at}/StartAt`, 'The field is required and must be a string.');
  else if (!Object.hasOwn(states, start)) {
    report.transition(`${at}/StartAt`, `Missing 'StartAt' target: ${start}`);
  }
  const variables = new Set([...scope.outerVariables, ...assignedIn(states)]);
  for (const [name, state] of Object.entries(states)) {
    const place = `${at}/States/${name}`;
    if (name === '' || name.length > STATE_NAME_LENGTH) {
      report.schema(place, `The name of a state must have 1 to ${STATE_NAME_LENGTH} characters.`);
    }
    if (scope.names.has(name)) report.schema(place, `Duplicate state name: ${name}`);
    scope.names.add(name);
    if (!isObject(state)) {
      report.schema(place, 'A state must be a JSON object.');
      continue;
    }
    validateState(state, place, depth, scope, variables);
    for (const [field, target] of transitionsOf(state)) {
      if (!Object.hasOwn(states, target)) {
        report.transition(`${place}/${field}`, `Missing '${field.split('/').at(-1)}' target: ${target}`);
      }
    }
  }
  if (typeof start === 'string') reportUnreachable(states, start, at, report);
}

/** Where a state can go: `[field, name]`. */
function transitionsOf(state: JsonObject): readonly (readonly [field: string, target: string])[] {
  const found: [string, string][] = [];
  const add = (field: string, target: Json | undefined) => {
    if (typeof target === 'string') found.push([field, target]);
  };
  add('Next', state['Next']);
  add('Default', state['Default']);
  for (const field of ['Choices', 'Catch']) {
    const list = state[field];
    if (!isArray(list)) continue;
    for (const [index, item] of list.entries()) {
      if (isObject(item)) add(`${field}[${index}]/Next`, item['Next']);
    }
  }
  return found;
}

function reportUnreachable(states: JsonObject, start: string, at: string, report: Diagnostics): void {
  const reached = new Set([start]);
  for (const name of reached) {
    const state = Object.hasOwn(states, name) ? states[name] : undefined;
    if (isObject(state)) for (const [, target] of transitionsOf(state)) reached.add(target);
  }
  for (const name of Object.keys(states)) {
    if (!reached.has(name)) report.transition(`${at}/States/${name}`, `State "${name}" is not reachable.`);
  }
}

/** The variables that the states of a flow assign, those of its branches left out. */
function assignedIn(states: JsonObject): readonly string[] {
  return Object.values(states).flatMap((state) => {
    if (!isObject(state)) return [];
    const lists = [state['Choices'], state['Catch']].flatMap((list) => (isArray(list) ? list : []));
    return [state, ...lists].flatMap((holder) => {
      const assign = isObject(holder) ? holder['Assign'] : undefined;
      return isObject(assign) ? Object.keys(assign).map((name) => name.replace(/\.\$$/, '')) : [];
    });
  });
}
