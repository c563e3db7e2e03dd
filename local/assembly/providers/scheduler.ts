/** AWS::Scheduler::* */
import { answered, defined, listProperty, tagsOf, textProperty } from './provider.ts';
import type { Provider } from './provider.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
const NAME_LENGTH = 64;
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

export const SCHEDULER_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Scheduler::Schedule': {
    honoured: ['Name', ...SCHEDULE_PROPERTIES],
    inert: [],
    replacedOnChange: ['Name', 'GroupName'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH);
      const answer = await context.call('scheduler', 'CreateSchedule', settings(name, properties));
      return { physicalId: name, attributes: { Arn: answered(answer, 'ScheduleArn') } };
    },
    async update(created, properties, _previous, context) {
      await context.call('scheduler', 'UpdateSchedule', settings(created.physicalId, properties));
      return created;
    },
    async delete(created, properties, context) {
      const input = { Name: created.physicalId, GroupName: properties['GroupName'] };
      await context.call('scheduler', 'DeleteSchedule', defined(input));
    },
  },
  'AWS::Scheduler::ScheduleGroup': {
    honoured: ['Name', 'Tags'],
    inert: [],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(NAME_LENGTH);
      const input = defined({ Name: name, Tags: properties['Tags'] });
      const answer = await context.call('scheduler', 'CreateScheduleGroup', input);
      return { physicalId: name, attributes: { Arn: answered(answer, 'ScheduleGroupArn'), State: 'ACTIVE' } };
    },
    async update(created, properties, previous, context) {
      const ResourceArn = textProperty(created.attributes, 'Arn') ?? '';
      const tags = tagsOf(properties);
      const TagKeys = Object.keys(tagsOf(previous)).filter((key) => tags[key] === undefined);
      if (TagKeys.length > 0) await context.call('scheduler', 'UntagResource', { ResourceArn, TagKeys });
      const Tags = listProperty(properties, 'Tags');
      if (Tags.length > 0) await context.call('scheduler', 'TagResource', { ResourceArn, Tags });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('scheduler', 'DeleteScheduleGroup', { Name: created.physicalId });
    },
  },
};

function settings(Name: string, properties: JsonObject): Record<string, unknown> {
  const given = SCHEDULE_PROPERTIES.map((property) => [property, properties[property]] as const);
  return defined({ Name, ...Object.fromEntries(given) });
}
