/** AWS::Events::* and AWS::Scheduler::* */
import { answered, defined, listProperty, numberProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { Json } from '../template.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html and the pages beside it. */
const NAME_LENGTH = { rule: 64, archive: 48, schedule: 64 };
const SCHEDULE_PROPERTIES = [
  'Description',
  'EndDate',
  'FlexibleTimeWindow',
  'GroupName',
  'KmsKeyArn',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'StartDate',
  'State',
  'Target',
];

export const EVENTS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Events::EventBus': {
    honoured: ['Name', 'DeadLetterConfig', 'KmsKeyIdentifier', 'Description'],
    inert: ['Tags', 'LogConfig', 'EventSourceName'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.rule);
      const answer = await context.call(
        'events',
        'CreateEventBus',
        defined({
          Name: name,
          DeadLetterConfig: properties['DeadLetterConfig'],
          KmsKeyIdentifier: properties['KmsKeyIdentifier'],
          Description: properties['Description'],
        }),
      );
      return { physicalId: name, attributes: { Arn: answered(answer, 'EventBusArn'), Name: name } };
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
    ],
    inert: ['Tags'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.rule);
      const bus = textProperty(properties, 'EventBusName');
      const answer = await context.call(
        'events',
        'PutRule',
        defined({
          Name: name,
          EventBusName: bus,
          EventPattern: asJsonText(properties['EventPattern']),
          ScheduleExpression: properties['ScheduleExpression'],
          State: properties['State'],
          Description: properties['Description'],
          RoleArn: properties['RoleArn'],
        }),
      );
      const targets = listProperty(properties, 'Targets');
      if (targets.length > 0) await putTargets(context, name, bus, targets);
      const busName = bus?.split('/').at(-1) ?? 'default';
      return {
        physicalId: busName === 'default' ? name : `${busName}|${name}`,
        attributes: { Arn: answered(answer, 'RuleArn') },
      };
    },
  },
  'AWS::Events::EventBusPolicy': {
    honoured: ['EventBusName', 'StatementId', 'Statement', 'Action', 'Principal', 'Condition'],
    inert: [],
    async create(properties, context) {
      const statementId = textProperty(properties, 'StatementId') ?? context.logicalId;
      const statement = properties['Statement'];
      await context.call(
        'events',
        'PutPermission',
        defined({
          EventBusName: properties['EventBusName'],
          ...(statement === undefined
            ? {
                StatementId: statementId,
                Action: properties['Action'],
                Principal: properties['Principal'],
                Condition: properties['Condition'],
              }
            : {
                Policy: JSON.stringify({
                  Version: '2012-10-17',
                  Statement: [{ Sid: statementId, ...(statement as object) }],
                }),
              }),
        }),
      );
      return { physicalId: statementId, attributes: {} };
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
    async create(properties, context) {
      const name = textProperty(properties, 'ArchiveName') ?? context.generatedName(NAME_LENGTH.archive);
      const answer = await context.call(
        'events',
        'CreateArchive',
        defined({
          ArchiveName: name,
          EventSourceArn: properties['SourceArn'],
          EventPattern: asJsonText(properties['EventPattern']),
          RetentionDays: numberProperty(properties, 'RetentionDays'),
          Description: properties['Description'],
          KmsKeyIdentifier: properties['KmsKeyIdentifier'],
        }),
      );
      return { physicalId: name, attributes: { Arn: answered(answer, 'ArchiveArn'), ArchiveName: name } };
    },
  },
  'AWS::Scheduler::Schedule': {
    honoured: ['Name', ...SCHEDULE_PROPERTIES],
    inert: [],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.schedule);
      const settings = Object.fromEntries(
        SCHEDULE_PROPERTIES.map((property) => [property, properties[property]]),
      );
      const answer = await context.call('scheduler', 'CreateSchedule', defined({ Name: name, ...settings }));
      return { physicalId: name, attributes: { Arn: answered(answer, 'ScheduleArn') } };
    },
  },
  'AWS::Scheduler::ScheduleGroup': {
    honoured: ['Name'],
    inert: ['Tags'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH.schedule);
      const answer = await context.call('scheduler', 'CreateScheduleGroup', { Name: name });
      return { physicalId: name, attributes: { Arn: answered(answer, 'ScheduleGroupArn'), State: 'ACTIVE' } };
    },
  },
};

async function putTargets(
  context: ProviderContext,
  rule: string,
  bus: string | undefined,
  targets: readonly Json[],
): Promise<void> {
  const answer = await context.call(
    'events',
    'PutTargets',
    defined({ Rule: rule, EventBusName: bus, Targets: targets }),
  );
  const failed = listProperty(answer, 'FailedEntries');
  if (failed.length > 0) throw new Error(`targets were refused: ${JSON.stringify(failed)}`);
}

/** CloudFormation takes a pattern as an object; the API takes it as text. */
function asJsonText(value: Json | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return JSON.stringify(value);
}
