/**
 * The rule of a composite alarm: `ALARM("a") AND NOT (OK(b) OR TRUE)`.
 * AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html, AlarmRule
 */
import type { Rule, StateValue } from './alarm-model.ts';
import { validationError } from './errors.ts';
import { MAXIMUM_RULE_ALARMS, MAXIMUM_RULE_LENGTH } from './limits.ts';

type Test = (stateOf: (name: string) => StateValue | undefined) => boolean;

const STATES: Readonly<Record<string, StateValue>> = {
  ALARM: 'ALARM',
  OK: 'OK',
  INSUFFICIENT_DATA: 'INSUFFICIENT_DATA',
};

/** @throws AwsError ValidationError */
export function parseRule(text: string): Rule {
  if (text.length > MAXIMUM_RULE_LENGTH) throw refused(`it has more than ${MAXIMUM_RULE_LENGTH} characters`);
  const tokens = tokensOf(text);
  const alarms = new Set<string>();

  const expect = (token: string): void => {
    const found = tokens.shift();
    if (found !== token) throw refused(`expected ${token}, found ${found ?? 'the end'}`);
  };

  const any = (): Test => {
    const tests = [all()];
    while (tokens[0] === 'OR') {
      tokens.shift();
      tests.push(all());
    }
    return (stateOf) => tests.some((test) => test(stateOf));
  };
  const all = (): Test => {
    const tests = [one()];
    while (tokens[0] === 'AND') {
      tokens.shift();
      tests.push(one());
    }
    return (stateOf) => tests.every((test) => test(stateOf));
  };
  const one = (): Test => {
    const token = tokens.shift();
    if (token === 'NOT') {
      const test = one();
      return (stateOf) => !test(stateOf);
    }
    if (token === '(') {
      const test = any();
      expect(')');
      return test;
    }
    if (token === 'TRUE' || token === 'FALSE') return () => token === 'TRUE';
    const state = token === undefined ? undefined : STATES[token];
    if (state === undefined) {
      throw refused(
        `expected ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or a parenthesis, found ${token ?? 'the end'}`,
      );
    }
    expect('(');
    const name = alarmName(tokens.shift() ?? '');
    expect(')');
    alarms.add(name);
    return (stateOf) => stateOf(name) === state;
  };

  const holds = any();
  if (tokens.length > 0) throw refused(`"${tokens.join(' ')}" is left over`);
  if (alarms.size > MAXIMUM_RULE_ALARMS) throw refused(`it names more than ${MAXIMUM_RULE_ALARMS} alarms`);
  return { alarms, holds };
}

/** By name or by ARN, in quotes or not. */
function alarmName(token: string): string {
  const text = /^["']/.test(token) ? token.slice(1, -1) : token;
  return /^arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(text)?.[1] ?? text;
}

const TOKEN = /\s*("[^"]*"|'[^']*'|[()]|[^\s()"']+)/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw refused(`not understood at "${text.slice(at)}"`);
    tokens.push(token);
  }
  return tokens;
}

function refused(reason: string) {
  return validationError(`AlarmRule must not contain syntax errors: ${reason}.`);
}
