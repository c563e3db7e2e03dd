/**
 * The text of a dashboard, as one `Fn::Sub`. What CDK would make of it is an `Fn::Join` that repeats each reference and
 * the region wherever they occur: three times the size, and a template may have one megabyte.
 */
import { Fn, Token, Tokenization } from 'aws-cdk-lib';
import type { IResolvable, Stack } from 'aws-cdk-lib';
import type { PlacedWidget } from './widgets.ts';

const ALARM_ARN = 'arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:';

export function dashboardBody(stack: Stack, widgets: readonly PlacedWidget[]): string {
  const variables: Record<string, string> = {};
  const names = new Map<string, string>();
  const placeholderOf = (token: IResolvable): string => {
    const pseudoParameter = pseudoParameterOf(stack, token);
    if (pseudoParameter !== undefined) return `\${${pseudoParameter}}`;
    // Not its toString: a token that is a plain object, such as a nested stack's name, has none of its own.
    const text = Token.asString(token);
    const name = names.get(text) ?? `v${names.size}`;
    names.set(text, name);
    variables[name] = text;
    return `\${${name}}`;
  };
  const substituted = (value: unknown): unknown => {
    if (typeof value === 'string') return substitutedText(value, placeholderOf);
    if (Array.isArray(value)) return value.map(substituted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, substituted(child)]));
  };
  const text = JSON.stringify(substituted({ widgets }));
  // Alarms are named by hundreds, and only the end of their ARNs differs.
  if (text.includes(ALARM_ARN)) variables['alarm'] = Fn.sub(ALARM_ARN);
  return Fn.sub(text.replaceAll(ALARM_ARN, '${alarm}'), variables);
}

function substitutedText(text: string, placeholderOf: (token: IResolvable) => string): string {
  const fragments = Tokenization.reverseString(text);
  if (fragments.tokens.length === 0) return escaped(text);
  return fragments.mapTokens({ mapToken: placeholderOf }).join({
    join: (left: string | undefined, right: string | undefined) => `${left ?? ''}${right ?? ''}`,
  }) as string;
}

/** `\${!` is how a literal `\${` is written in an Fn::Sub. */
function escaped(text: string): string {
  return text.replaceAll('${', '${!');
}

/** For example `AWS::Region`, which Fn::Sub knows without a variable. */
function pseudoParameterOf(stack: Stack, token: IResolvable): string | undefined {
  const { Ref } = stack.resolve(token) as { readonly Ref?: unknown };
  return typeof Ref === 'string' && Ref.startsWith('AWS::') ? Ref : undefined;
}
