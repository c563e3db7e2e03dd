/** Every single mistake that can be made in a template: one property, statement or resource removed or altered. */
import { isJsonArray, isJsonObject } from '../../lib/assembly/template.ts';
import type { Json, JsonObject, Template, TemplateResource } from '../../lib/assembly/template.ts';

export interface Mutation {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  /** Below `Properties`, for example `RedrivePolicy.maxReceiveCount`; empty for the whole resource. */
  readonly path: string;
  /** For example `removed`, `is 1`, `refers to OtherQueue`. */
  readonly change: string;
  /** The template with the mistake in it. */
  apply(template: Template): Template;
}

/** What carries messages, decides who may, or tells people. */
const MUTATED_TYPES: ReadonlySet<string> = new Set([
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::Events::Archive',
  'AWS::Events::EventBus',
  'AWS::Events::EventBusPolicy',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Scheduler::Schedule',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
]);

/** All mutations of a stack, in the order of its template. */
export function mutationsOf(stackName: string, template: Template): readonly Mutation[] {
  const resources = Object.entries(template.Resources ?? {});
  const idsByType = Map.groupBy(resources, ([, { Type }]) => Type);
  return resources
    .filter(([, { Type }]) => MUTATED_TYPES.has(Type))
    .flatMap(([logicalId, resource]) => {
      const others = (id: string): readonly string[] => {
        const type = template.Resources?.[id]?.Type;
        return (type === undefined ? [] : (idsByType.get(type) ?? []))
          .map(([other]) => other)
          .filter((other) => other !== id);
      };
      const shared = { stackName, logicalId, type: resource.Type };
      const removed: Mutation = {
        ...shared,
        path: '',
        change: 'removed',
        apply: (of) => withResources(of, ({ [logicalId]: _removed, ...rest }) => rest),
      };
      const altered = changesOf(resource.Properties ?? {}, [], others).map(
        ({ path, change, value }): Mutation => ({
          ...shared,
          path: path.join('.'),
          change,
          apply: (of) =>
            withResources(of, (all) => ({ ...all, [logicalId]: withProperty(all[logicalId], path, value) })),
        }),
      );
      return [removed, ...altered];
    });
}

type Resources = Readonly<Record<string, TemplateResource>>;

function withResources(template: Template, change: (resources: Resources) => Resources): Template {
  return { ...template, Resources: change(template.Resources ?? {}) };
}

interface Change {
  readonly path: readonly string[];
  readonly change: string;
  /** Undefined: the property is removed. */
  readonly value: Json | undefined;
}

function changesOf(
  value: Json,
  path: readonly string[],
  others: (id: string) => readonly string[],
): Change[] {
  const own: Change[] = path.length === 0 ? [] : [{ path, change: 'removed', value: undefined }];
  const reference = referenceIn(value);
  if (reference !== undefined) {
    const [other] = others(reference);
    return other === undefined
      ? own
      : [...own, { path, change: `refers to ${other}`, value: replaced(value, reference, other) }];
  }
  if (isIntrinsic(value)) return own;
  if (isJsonArray(value)) {
    return [...own, ...value.flatMap((item, index) => changesOf(item, [...path, String(index)], others))];
  }
  if (isJsonObject(value)) {
    return [
      ...own,
      ...Object.entries(value).flatMap(([key, item]) => changesOf(item, [...path, key], others)),
    ];
  }
  return [...own, ...scalarChanges(value, path).filter((one) => one.value !== value)];
}

function scalarChanges(value: Json, path: readonly string[]): Change[] {
  const to = (changed: Json): Change => ({ path, change: `is ${JSON.stringify(changed)}`, value: changed });
  if (typeof value === 'boolean') return [to(!value)];
  if (typeof value === 'number') return [to(Math.floor(value / 10)), to(value * 10)];
  if (typeof value !== 'string') return [];
  const name = path.at(-1) ?? '';
  const inStatement = path.includes('Statement');
  const wider =
    inStatement && path.some((part) => part === 'Action')
      ? [to(`${value.split(':')[0]}:*`)]
      : inStatement && path.includes('Principal')
        ? [to('*')]
        : [];
  const opposite = OPPOSITES[value];
  return [
    to(opposite ?? `${value}x`),
    ...wider,
    ...(name === 'Resource' && inStatement && value !== '*' ? [to('*')] : []),
  ];
}

/** The other values of enumerations, which are worse than nonsense because AWS takes them. */
const OPPOSITES: Readonly<Record<string, string>> = {
  ENABLED: 'DISABLED',
  Allow: 'Deny',
  Deny: 'Allow',
  messageGroup: 'queue',
  perMessageGroupId: 'perQueue',
  byQueue: 'allowAll',
  denyAll: 'allowAll',
  MessageGroup: 'Topic',
  sqs: 'email',
  Maximum: 'Minimum',
  Sum: 'Average',
  notBreaching: 'missing',
  GreaterThanThreshold: 'LessThanThreshold',
  GreaterThanOrEqualToThreshold: 'LessThanThreshold',
  ApproximateNumberOfMessagesVisible: 'NumberOfMessagesSent',
  false: 'true',
  true: 'false',
};

function isIntrinsic(value: Json): boolean {
  if (!isJsonObject(value)) return false;
  const [key, ...more] = Object.keys(value);
  return key !== undefined && more.length === 0 && (key === 'Ref' || key.startsWith('Fn::'));
}

/** The logical id of `Ref` and `Fn::GetAtt`. */
function referenceIn(value: Json): string | undefined {
  if (!isIntrinsic(value) || !isJsonObject(value)) return undefined;
  const { Ref: ref, 'Fn::GetAtt': attribute } = value;
  if (typeof ref === 'string') return ref;
  return isJsonArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : undefined;
}

function replaced(value: Json, from: string, to: string): Json {
  return JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(from), JSON.stringify(to))) as Json;
}

function withProperty(
  resource: TemplateResource | undefined,
  path: readonly string[],
  value: Json | undefined,
): TemplateResource {
  const properties = changed(resource?.Properties ?? {}, path, value);
  return { ...(resource ?? { Type: '' }), Properties: isJsonObject(properties) ? properties : {} };
}

function changed(at: Json, [key, ...rest]: readonly string[], value: Json | undefined): Json {
  if (key === undefined) return value ?? null;
  if (isJsonArray(at)) {
    const index = Number(key);
    if (rest.length === 0 && value === undefined) return at.filter((_, position) => position !== index);
    return at.map((item, position) => (position === index ? changed(item, rest, value) : item));
  }
  const { [key]: old = null, ...others } = at as JsonObject;
  if (rest.length === 0) return value === undefined ? others : { ...others, [key]: value };
  return { ...others, [key]: changed(old, rest, value) };
}
