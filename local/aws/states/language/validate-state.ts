/** What one state of a definition may and must hold, by its type and query language. */
import { parseResource, resourceProblem } from '../integrations/resource.ts';
import { isArray, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { CHOICE_OPERATORS } from './choice-rules.ts';
import type { QueryLanguage, StateType } from './definition.ts';
import {
  validateAssign,
  validateExpressions,
  validateExpression,
  validatePath,
  validateReferencePath,
  validateTemplate,
} from './validate-expressions.ts';
import { validateCatch, validateRetry } from './validate-errors.ts';
import { parseTimestamp } from './timestamps.ts';
import { isWhole, refuseUnknown } from './diagnostics.ts';
import type { FlowScope } from './diagnostics.ts';

interface Fields {
  readonly both: readonly string[];
  readonly JSONPath: readonly string[];
  readonly JSONata: readonly string[];
}

const COMMON = ['Type', 'Comment', 'QueryLanguage'];
const TRANSITION = ['Next', 'End'];
const PATHS = ['InputPath', 'OutputPath'];
const RESULTS = ['Parameters', 'ResultSelector', 'ResultPath'];
const FAILURES = ['Retry', 'Catch'];
const MAP_NUMBERS = ['MaxConcurrency', 'ToleratedFailurePercentage', 'ToleratedFailureCount'];

/** https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html and the pages of each state. */
const FIELDS: Readonly<Record<StateType, Fields>> = {
  Pass: {
    both: [...TRANSITION, 'Assign'],
    JSONPath: [...PATHS, 'Parameters', 'Result', 'ResultPath'],
    JSONata: ['Output'],
  },
  Task: {
    both: [
      ...TRANSITION,
      ...FAILURES,
      'Assign',
      'Resource',
      'TimeoutSeconds',
      'HeartbeatSeconds',
      'Credentials',
    ],
    JSONPath: [...PATHS, ...RESULTS, 'TimeoutSecondsPath', 'HeartbeatSecondsPath'],
    JSONata: ['Arguments', 'Output'],
  },
  Choice: { both: ['Choices', 'Default', 'Assign'], JSONPath: PATHS, JSONata: ['Output'] },
  Wait: {
    both: [...TRANSITION, 'Assign', 'Seconds', 'Timestamp'],
    JSONPath: [...PATHS, 'SecondsPath', 'TimestampPath'],
    JSONata: ['Output'],
  },
  Succeed: { both: [], JSONPath: PATHS, JSONata: ['Output'] },
  Fail: { both: ['Error', 'Cause'], JSONPath: ['ErrorPath', 'CausePath'], JSONata: [] },
  Parallel: {
    both: [...TRANSITION, ...FAILURES, 'Assign', 'Branches'],
    JSONPath: [...PATHS, ...RESULTS],
    JSONata: ['Arguments', 'Output'],
  },
  Map: {
    both: [
      ...TRANSITION,
      ...FAILURES,
      ...MAP_NUMBERS,
      'Assign',
      'ItemProcessor',
      'Iterator',
      'ItemSelector',
      'ItemBatcher',
      'Label',
    ],
    JSONPath: [...PATHS, ...RESULTS, 'ItemsPath', ...MAP_NUMBERS.map((name) => `${name}Path`)],
    JSONata: ['Items', 'Output'],
  },
};

/** What AWS has and this service can't do: refused by name, never ignored. */
const NOT_HERE: ReadonlySet<string> = new Set(['ItemReader', 'ResultWriter']);

export function validateState(
  state: JsonObject,
  at: string,
  depth: number,
  scope: FlowScope,
  variables: ReadonlySet<string>,
): void {
  const { report } = scope;
  const { Type: type } = state;
  if (typeof type !== 'string' || !Object.hasOwn(FIELDS, type)) {
    report.schema(`${at}/Type`, `The value must be one of ${Object.keys(FIELDS).join(', ')}.`);
    return;
  }
  const language = languageOf(state, at, scope);
  const fields = FIELDS[type as StateType];
  const { NOT_HERE: refused, rest } = withoutRefused(state);
  for (const name of refused) {
    report.schema(`${at}/${name}`, `The embedded AWS does not support ${name}: give the items as JSON.`);
  }
  refuseUnknown(rest, new Set([...COMMON, ...fields.both, ...fields[language]]), at, report);

  if (fields.both.includes('Next')) validateTransition(state, at, scope);
  if (language === 'JSONPath') validatePathFields(state, at, scope);
  else validateQueryFields(state, at, scope);
  validateAssign(state['Assign'], `${at}/Assign`, language, scope);
  validateRetry(state['Retry'], `${at}/Retry`, report);
  validateCatch(state['Catch'], `${at}/Catch`, language, scope);
  OWN_RULES[type as StateType]?.(state, at, { depth, scope, language, variables });
}

function withoutRefused(state: JsonObject): {
  readonly NOT_HERE: readonly string[];
  readonly rest: JsonObject;
} {
  const entries = Object.entries(state);
  return {
    NOT_HERE: entries.map(([name]) => name).filter((name) => NOT_HERE.has(name)),
    rest: Object.fromEntries(entries.filter(([name]) => !NOT_HERE.has(name))),
  };
}

function languageOf(state: JsonObject, at: string, { language, report }: FlowScope): QueryLanguage {
  const own = state['QueryLanguage'];
  if (own === undefined) return language;
  if (own !== 'JSONPath' && own !== 'JSONata') {
    report.schema(`${at}/QueryLanguage`, 'The value must be one of JSONPath, JSONata.');
    return language;
  }
  if (own === 'JSONPath' && language === 'JSONata') {
    report.schema(
      `${at}/QueryLanguage`,
      "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine.",
    );
  }
  return own;
}

function validateTransition(state: JsonObject, at: string, { report }: FlowScope): void {
  const { Next: next, End: end } = state;
  if (next !== undefined && typeof next !== 'string')
    report.schema(`${at}/Next`, 'The value must be a string.');
  if (end !== undefined && typeof end !== 'boolean')
    report.schema(`${at}/End`, 'The value must be a boolean.');
  if (next === undefined && end !== true) report.schema(at, "The state must have 'Next' or 'End'.");
  if (next !== undefined && end !== undefined)
    report.schema(at, "The state can not have both 'Next' and 'End'.");
}

function validatePathFields(state: JsonObject, at: string, { report }: FlowScope): void {
  for (const name of ['InputPath', 'OutputPath', 'ItemsPath', 'SecondsPath', 'TimestampPath']) {
    if (state[name] !== null) validatePath(state[name], `${at}/${name}`, report);
  }
  for (const name of [
    'TimeoutSecondsPath',
    'HeartbeatSecondsPath',
    ...MAP_NUMBERS.map((each) => `${each}Path`),
  ]) {
    validatePath(state[name], `${at}/${name}`, report);
  }
  if (state['ResultPath'] !== null) validateReferencePath(state['ResultPath'], `${at}/ResultPath`, report);
  for (const name of ['Parameters', 'ResultSelector', 'ItemSelector']) {
    validateTemplate(state[name], `${at}/${name}`, report);
  }
  for (const name of ['ErrorPath', 'CausePath']) validateExpression(state[name], `${at}/${name}`, report);
}

const QUERY_FIELDS = [
  'Arguments',
  'Output',
  'Items',
  'ItemSelector',
  'Seconds',
  'Timestamp',
  'Error',
  'Cause',
  'TimeoutSeconds',
  'HeartbeatSeconds',
  ...MAP_NUMBERS,
];

function validateQueryFields(state: JsonObject, at: string, { report }: FlowScope): void {
  for (const name of QUERY_FIELDS) {
    validateExpressions(state[name], `${at}/${name}`, report);
  }
}

interface About {
  readonly depth: number;
  readonly scope: FlowScope;
  readonly language: QueryLanguage;
  readonly variables: ReadonlySet<string>;
}

const OWN_RULES: Partial<Record<StateType, (state: JsonObject, at: string, about: About) => void>> = {
  Task(state, at, { scope, language }) {
    const { report } = scope;
    const { Resource: resource } = state;
    if (typeof resource !== 'string')
      report.schema(`${at}/Resource`, 'The field is required and must be a string.');
    else {
      const problem = resourceProblem(parseResource(resource), resource, scope.express);
      if (problem !== undefined) report.schema(`${at}/Resource`, problem);
    }
    for (const name of ['TimeoutSeconds', 'HeartbeatSeconds']) {
      validateNumber(state[name], `${at}/${name}`, 1, language, report);
      if (state[name] !== undefined && state[`${name}Path`] !== undefined) {
        report.schema(at, `The state can not have both '${name}' and '${name}Path'.`);
      }
    }
    const { TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = state;
    if (isWhole(timeout, 1) && isWhole(heartbeat, 1) && heartbeat >= timeout) {
      report.schema(`${at}/HeartbeatSeconds`, "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'.");
    }
  },
  Choice(state, at, { scope, language }) {
    const { Choices: choices } = state;
    if (!isArray(choices) || choices.length === 0) {
      scope.report.schema(`${at}/Choices`, 'The field must be an array with at least one rule.');
      return;
    }
    for (const [index, rule] of choices.entries()) {
      const place = `${at}/Choices[${index}]`;
      if (!isObject(rule)) {
        scope.report.schema(place, 'A rule must be a JSON object.');
        continue;
      }
      if (typeof rule['Next'] !== 'string') scope.report.schema(place, "The rule must have 'Next'.");
      validateAssign(rule['Assign'], `${place}/Assign`, language, scope);
      if (language === 'JSONPath') validateRule(rule, place, scope);
      else {
        if (rule['Condition'] === undefined) scope.report.schema(place, "The rule must have 'Condition'.");
        validateExpressions(rule['Condition'], `${place}/Condition`, scope.report);
        validateExpressions(rule['Output'], `${place}/Output`, scope.report);
      }
    }
  },
  Wait(state, at, { scope, language }) {
    const given = ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'].filter(
      (name) => state[name] !== undefined,
    );
    if (given.length !== 1) {
      scope.report.schema(
        at,
        "The state must have one of 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'.",
      );
    }
    validateNumber(state['Seconds'], `${at}/Seconds`, 0, language, scope.report);
    const { Timestamp: timestamp } = state;
    if (timestamp === undefined || (language === 'JSONata' && isExpression(timestamp))) return;
    if (typeof timestamp !== 'string' || parseTimestamp(timestamp) === undefined) {
      scope.report.schema(`${at}/Timestamp`, 'The value must be a timestamp such as 2026-01-31T09:00:00Z.');
    }
  },
  Fail(state, at, { scope }) {
    for (const name of ['Error', 'Cause']) {
      if (state[name] !== undefined && state[`${name}Path`] !== undefined) {
        scope.report.schema(at, `The state can not have both '${name}' and '${name}Path'.`);
      }
      if (state[name] !== undefined && typeof state[name] !== 'string') {
        scope.report.schema(`${at}/${name}`, 'The value must be a string.');
      }
    }
  },
  Parallel(state, at, { depth, scope, variables }) {
    const { Branches: branches } = state;
    if (!isArray(branches) || branches.length === 0) {
      scope.report.schema(`${at}/Branches`, 'The field must be an array with at least one branch.');
      return;
    }
    for (const [index, branch] of branches.entries()) {
      const place = `${at}/Branches[${index}]`;
      if (!isObject(branch)) scope.report.schema(place, 'A branch must be a JSON object.');
      else
        scope.flow(branch, place, depth + 1, {
          ...scope,

          outerVariables: variables,
        });
    }
  },
  Map(state, at, { depth, scope, variables, language }) {
    const name = state['ItemProcessor'] === undefined ? 'Iterator' : 'ItemProcessor';
    const processor = state[name];
    if (!isObject(processor) || (state['ItemProcessor'] !== undefined && state['Iterator'] !== undefined)) {
      scope.report.schema(
        at,
        "The state must have 'ItemProcessor' (or the older 'Iterator') as a JSON object.",
      );
      return;
    }
    const config = isObject(processor['ProcessorConfig']) ? processor['ProcessorConfig'] : {};
    const distributed = config['Mode'] === 'DISTRIBUTED';
    if (distributed && scope.express) {
      scope.report.schema(
        `${at}/${name}/ProcessorConfig/Mode`,
        'A distributed Map does not run in an Express state machine.',
      );
    }
    if (!distributed && state['ItemBatcher'] !== undefined) {
      scope.report.schema(`${at}/ItemBatcher`, "'ItemBatcher' needs a Map in DISTRIBUTED mode.");
    }
    for (const field of MAP_NUMBERS)
      validateNumber(state[field], `${at}/${field}`, 0, language, scope.report);
    scope.flow(processor, `${at}/${name}`, depth + 1, {
      ...scope,

      // Child executions do not see the variables of their parent.
      outerVariables: distributed ? new Set() : variables,
      express: distributed ? config['ExecutionType'] === 'EXPRESS' : scope.express,
    });
  },
};

function isExpression(value: Json): boolean {
  return typeof value === 'string' && value.startsWith('{%');
}

function validateNumber(
  value: Json | undefined,
  at: string,
  least: number,
  language: QueryLanguage,
  report: FlowScope['report'],
): void {
  if (value === undefined || isWhole(value, least)) return;
  if (language === 'JSONata' && isExpression(value)) return;
  report.schema(at, `The value must be an integer of ${least} or more.`);
}

const RULE_FIELDS: ReadonlySet<string> = new Set([
  'Next',
  'Comment',
  'Assign',
  'Variable',
  'And',
  'Or',
  'Not',
  ...CHOICE_OPERATORS,
]);

function validateRule(rule: JsonObject, at: string, scope: FlowScope): void {
  const { report } = scope;
  refuseUnknown(rule, RULE_FIELDS, at, report);
  for (const name of ['And', 'Or']) {
    const list = rule[name];
    if (list === undefined) continue;
    if (!isArray(list) || list.length === 0)
      report.schema(`${at}/${name}`, 'The field must be an array of rules.');
    else for (const [index, one] of list.entries()) validateInnerRule(one, `${at}/${name}[${index}]`, scope);
  }
  if (rule['Not'] !== undefined) validateInnerRule(rule['Not'], `${at}/Not`, scope);
  const operators = Object.keys(rule).filter(
    (name) => CHOICE_OPERATORS.has(name) || ['And', 'Or', 'Not'].includes(name),
  );
  if (operators.length !== 1) {
    report.schema(at, 'A rule must have exactly one comparison operator.');
    return;
  }
  const [operator = ''] = operators;
  if (!CHOICE_OPERATORS.has(operator)) return;
  if (typeof rule['Variable'] !== 'string') report.schema(at, "A comparison must have 'Variable'.");
  else validatePath(rule['Variable'], `${at}/Variable`, report);
  if (operator.endsWith('Path')) validatePath(rule[operator], `${at}/${operator}`, report);
  else if (!hasOperandType(operator, rule[operator] ?? null)) {
    report.schema(`${at}/${operator}`, 'The value has not the type that the operator compares.');
  }
}

function validateInnerRule(rule: Json, at: string, scope: FlowScope): void {
  if (!isObject(rule)) scope.report.schema(at, 'A rule must be a JSON object.');
  else if (rule['Next'] !== undefined)
    scope.report.schema(`${at}/Next`, "An inner rule can not have 'Next'.");
  else validateRule(rule, at, scope);
}

function hasOperandType(operator: string, value: Json): boolean {
  if (operator.startsWith('String')) return typeof value === 'string';
  if (operator.startsWith('Numeric')) return typeof value === 'number';
  if (operator.startsWith('Timestamp'))
    return typeof value === 'string' && parseTimestamp(value) !== undefined;
  return typeof value === 'boolean';
}
