/** AWS::Events::* */
import { answered, defined, listProperty, numberProperty, tagsOf, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import { SCHEDULER_PROVIDERS } from './scheduler.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html and the pages beside it. */
const NAME_LENGTH = { rule: 64, archive: 48, connection: 64 };

export const EVENTS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Events::EventBus': {
    honoured: ['Name', 'DeadLetterConfig', 'KmsKeyIdentifier', 'Description', 'Policy', 'Tags'],
    inert: ['LogConfig', 'EventSourceName'],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.rule);
      const input = { Name: name, ...busSettings(properties), Tags: properties['Tags'] };
      const answer = await context.call('events', 'CreateEventBus', defined(input));
      await putBusPolicy(context, name, properties);
      return { physicalId: name, attributes: { Arn: answered(answer, 'EventBusArn'), Name: name } };
    },
    async update(created, properties, previous, context) {
      const Name = created.physicalId;
      await context.call('events', 'UpdateEventBus', defined({ Name, ...busSettings(properties) }));
      await putBusPolicy(context, Name, properties);
      await changeTags(context, textProperty(created.attributes, 'Arn') ?? '', properties, previous);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('events', 'DeleteEventBus', { Name: created.physicalId });
    },
  },
  'AWS::Events::Rule': {
    honoured: [
      'Name',
      'EventBusName',
      'EventPattern',
      'ScheduleExpression',
      'State',
      'Description',
      'RoleArn',
      'Targets',
      'Tags',
    ],
    inert: [],
    replacedOnChange: ['Name', 'EventBusName'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.rule);
      const bus = textProperty(properties, 'EventBusName');
      const arn = await putRule(context, name, properties);
      await putTargets(context, name, properties);
      const busName = bus?.split('/').at(-1) ?? 'default';
      return {
        physicalId: busName === 'default' ? name : `${busName}|${name}`,
        attributes: { Arn: arn },
      };
    },
    async update(created, properties, previous, context) {
      const name = ruleName(created.physicalId);
      await putRule(context, name, properties);
      const kept = new Set(targetIds(properties));
      const lost = targetIds(previous).filter((id) => !kept.has(id));
      await removeTargets(context, name, properties, lost);
      await putTargets(context, name, properties);
      await changeTags(context, textProperty(created.attributes, 'Arn') ?? '', properties, previous);
      return created;
    },
    async delete(created, properties, context) {
      const Name = ruleName(created.physicalId);
      await removeTargets(context, Name, properties, targetIds(properties));
      const input = { Name, EventBusName: properties['EventBusName'] };
      await context.call('events', 'DeleteRule', defined(input));
    },
  },
  'AWS::Events::EventBusPolicy': {
    honoured: ['EventBusName', 'StatementId', 'Statement', 'Action', 'Principal', 'Condition'],
    inert: [],
    replacedOnChange: ['EventBusName', 'StatementId'],
    async create(properties, context) {
      const statementId = textProperty(properties, 'StatementId') ?? context.logicalId;
      await putStatement(context, statementId, properties);
      return { physicalId: statementId, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await putStatement(context, created.physicalId, properties);
      return created;
    },
    async delete(created, properties, context) {
      const EventBusName = properties['EventBusName'];
      const input = defined({ EventBusName, StatementId: created.physicalId });
      await context.call('events', 'RemovePermission', input);
    },
  },
  'AWS::Events::Archive': {
    honoured: [
      'ArchiveName',
      'SourceArn',
      'EventPattern',
      'RetentionDays',
      'Description',
      'KmsKeyIdentifier',
    ],
    inert: ['Tags'],
    replacedOnChange: ['ArchiveName', 'SourceArn'],
    async create(properties, context) {
      const name = textProperty(properties, 'ArchiveName') ?? context.generatedName(NAME_LENGTH.archive);
      const input = {
        ArchiveName: name,
        EventSourceArn: properties['SourceArn'],
        ...archiveSettings(properties),
      };
      const answer = await context.call('events', 'CreateArchive', defined(input));
      return { physicalId: name, attributes: { Arn: answered(answer, 'ArchiveArn'), ArchiveName: name } };
    },
    async update(created, properties, _previous, context) {
      const input = { ArchiveName: created.physicalId, RetentionDays: 0, ...archiveSettings(properties) };
      await context.call('events', 'UpdateArchive', defined(input));
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('events', 'DeleteArchive', { ArchiveName: created.physicalId });
    },
  },
  'AWS::Events::Connection': {
    honoured: ['Name', 'AuthorizationType', 'AuthParameters', 'Description', 'KmsKeyIdentifier'],
    inert: [],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.connection);
      const answer = await context.call(
        'events',
        'CreateConnection',
        defined({ Name: name, ...connectionSettings(properties) }),
      );
      const { SecretArn } = await context.call('events', 'DescribeConnection', { Name: name });
      const arn = answered(answer, 'ConnectionArn');
      return {
        physicalId: name,
        attributes: { Arn: arn, ArnForPolicy: withoutId(arn), SecretArn: SecretArn ?? '' },
      };
    },
    async update(created, properties, _previous, context) {
      const input = { Name: created.physicalId, ...connectionSettings(properties) };
      await context.call('events', 'UpdateConnection', defined(input));
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('events', 'DeleteConnection', { Name: created.physicalId });
    },
  },
  'AWS::Events::ApiDestination': {
    honoured: [
      'Name',
      'ConnectionArn',
      'Description',
      'HttpMethod',
      'InvocationEndpoint',
      'InvocationRateLimitPerSecond',
    ],
    inert: [],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.connection);
      const input = { Name: name, ...destinationSettings(properties) };
      const answer = await context.call('events', 'CreateApiDestination', defined(input));
      const arn = answered(answer, 'ApiDestinationArn');
      return { physicalId: name, attributes: { Arn: arn, ArnForPolicy: withoutId(arn) } };
    },
    async update(created, properties, _previous, context) {
      const input = { Name: created.physicalId, ...destinationSettings(properties) };
      await context.call('events', 'UpdateApiDestination', defined(input));
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('events', 'DeleteApiDestination', { Name: created.physicalId });
    },
  },
  ...SCHEDULER_PROVIDERS,
};

function busSettings(properties: JsonObject) {
  return {
    DeadLetterConfig: properties['DeadLetterConfig'],
    KmsKeyIdentifier: properties['KmsKeyIdentifier'],
    Description: properties['Description'],
  };
}

function archiveSettings(properties: JsonObject) {
  return defined({
    EventPattern: asJsonText(properties['EventPattern']),
    RetentionDays: numberProperty(properties, 'RetentionDays'),
    Description: properties['Description'],
    KmsKeyIdentifier: properties['KmsKeyIdentifier'],
  });
}

function connectionSettings(properties: JsonObject) {
  return {
    AuthorizationType: properties['AuthorizationType'],
    AuthParameters: properties['AuthParameters'],
    Description: properties['Description'],
    KmsKeyIdentifier: properties['KmsKeyIdentifier'],
  };
}

function destinationSettings(properties: JsonObject) {
  return {
    ConnectionArn: properties['ConnectionArn'],
    Description: properties['Description'],
    HttpMethod: properties['HttpMethod'],
    InvocationEndpoint: properties['InvocationEndpoint'],
    InvocationRateLimitPerSecond: numberProperty(properties, 'InvocationRateLimitPerSecond'),
  };
}

/** `ArnForPolicy`: the ARN without the id that AWS generates. */
function withoutId(arn: string): string {
  return arn.slice(0, arn.lastIndexOf('/'));
}

/** `bus|rule`, or the rule alone on the default bus. */
function ruleName(physicalId: string): string {
  return physicalId.split('|').at(-1) ?? physicalId;
}

async function putRule(context: ProviderContext, name: string, properties: JsonObject): Promise<string> {
  const answer = await context.call(
    'events',
    'PutRule',
    defined({
      Name: name,
      EventBusName: properties['EventBusName'],
      EventPattern: asJsonText(properties['EventPattern']),
      ScheduleExpression: properties['ScheduleExpression'],
      State: properties['State'],
      Description: properties['Description'],
      RoleArn: properties['RoleArn'],
      Tags: properties['Tags'],
    }),
  );
  return answered(answer, 'RuleArn');
}

function targetIds(properties: JsonObject): string[] {
  const targets = listProperty(properties, 'Targets').filter(isJsonObject);
  return targets.map((target) => textProperty(target, 'Id') ?? '');
}

async function putTargets(context: ProviderContext, Rule: string, properties: JsonObject): Promise<void> {
  const Targets = listProperty(properties, 'Targets');
  if (Targets.length === 0) return;
  const input = defined({ Rule, EventBusName: properties['EventBusName'], Targets });
  const answer = await context.call('events', 'PutTargets', input);
  const failed = listProperty(answer, 'FailedEntries');
  if (failed.length > 0) throw new Error(`targets were refused: ${JSON.stringify(failed)}`);
}

async function removeTargets(
  context: ProviderContext,
  Rule: string,
  properties: JsonObject,
  Ids: readonly string[],
): Promise<void> {
  if (Ids.length === 0) return;
  const input = defined({ Rule, EventBusName: properties['EventBusName'], Ids });
  await context.call('events', 'RemoveTargets', input);
}

async function putBusPolicy(
  context: ProviderContext,
  EventBusName: string,
  properties: JsonObject,
): Promise<void> {
  const Policy = asJsonText(properties['Policy']);
  if (Policy !== undefined) await context.call('events', 'PutPermission', { EventBusName, Policy });
}

/** A bus may have several of these resources: each adds its statement to those of the others. */
async function putStatement(
  context: ProviderContext,
  statementId: string,
  properties: JsonObject,
): Promise<void> {
  const { EventBusName, Statement, Action, Principal, Condition } = properties;
  if (!isJsonObject(Statement)) {
    const input = { EventBusName, StatementId: statementId, Action, Principal, Condition };
    await context.call('events', 'PutPermission', defined(input));
    return;
  }
  const bus = await context.call('events', 'DescribeEventBus', defined({ Name: EventBusName }));
  const text = textProperty(bus, 'Policy');
  const policy = text === undefined ? {} : (JSON.parse(text) as JsonObject);
  const others = listProperty(policy, 'Statement').filter(
    (one) => isJsonObject(one) && one['Sid'] !== statementId,
  );
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [...others, { Sid: statementId, ...Statement }],
  });
  await context.call('events', 'PutPermission', defined({ EventBusName, Policy }));
}

async function changeTags(
  context: ProviderContext,
  ResourceARN: string,
  properties: JsonObject,
  previous: JsonObject,
): Promise<void> {
  const tags = tagsOf(properties);
  const TagKeys = Object.keys(tagsOf(previous)).filter((key) => tags[key] === undefined);
  if (TagKeys.length > 0) await context.call('events', 'UntagResource', { ResourceARN, TagKeys });
  const Tags = listProperty(properties, 'Tags');
  if (Tags.length > 0) await context.call('events', 'TagResource', { ResourceARN, Tags });
}

/** CloudFormation takes a pattern as an object; the API takes it as text. */
function asJsonText(value: Json | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return JSON.stringify(value);
}
