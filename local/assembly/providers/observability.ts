/** AWS::Logs::* and AWS::CloudWatch::*: recorded, so that the console can show them and alarms can be evaluated later. */
import { textProperty } from './provider.ts';
import type { Provider } from './provider.ts';

const NAME_LENGTH = 255;

export const OBSERVABILITY_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Logs::LogGroup': {
    honoured: ['LogGroupName'],
    inert: [
      'DataProtectionPolicy',
      'DeletionProtectionEnabled',
      'FieldIndexPolicies',
      'KmsKeyId',
      'LogGroupClass',
      'ResourcePolicyDocument',
      'RetentionInDays',
      'Tags',
    ],
    async create(properties, { aws, ...context }) {
      const name = textProperty(properties, 'LogGroupName') ?? context.generatedName(NAME_LENGTH);
      return {
        physicalId: name,
        attributes: { Arn: `arn:aws:logs:${aws.region}:${aws.accountId}:log-group:${name}:*` },
        inertBecause: 'what functions print is shown, and not kept in log groups',
      };
    },
  },
  'AWS::Logs::ResourcePolicy': recorded('PolicyName', 'recorded; permissions are not enforced yet', [
    'PolicyDocument',
  ]),
  'AWS::Logs::MetricFilter': recorded('FilterName', 'metrics are not taken from logs', [
    'ApplyOnTransformedLogs',
    'FilterPattern',
    'LogGroupName',
    'MetricTransformations',
  ]),
  'AWS::CloudWatch::Alarm': alarm('alarm'),
  'AWS::CloudWatch::CompositeAlarm': alarm('alarm'),
  'AWS::CloudWatch::Dashboard': recorded('DashboardName', 'the console shows the run instead', [
    'DashboardBody',
    'Tags',
  ]),
};

function alarm(kind: string): Provider {
  return {
    honoured: ['*'],
    inert: [],
    async create(properties, context) {
      const { aws, records, type } = context;
      const name = textProperty(properties, 'AlarmName') ?? context.generatedName(NAME_LENGTH);
      const arn = `arn:aws:cloudwatch:${aws.region}:${aws.accountId}:${kind}:${name}`;
      records.alarms.push({ type, name, arn, properties });
      return {
        physicalId: name,
        attributes: { Arn: arn },
        inertBecause: 'recorded; alarms are not evaluated yet',
      };
    },
  };
}

function recorded(nameProperty: string, reason: string, properties: readonly string[]): Provider {
  return {
    honoured: [nameProperty],
    inert: properties,
    async create(given, context) {
      return {
        physicalId: textProperty(given, nameProperty) ?? context.generatedName(NAME_LENGTH),
        attributes: {},
        inertBecause: reason,
      };
    },
  };
}
