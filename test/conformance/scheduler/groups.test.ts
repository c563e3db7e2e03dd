/** Schedule groups, their tags, and lists of schedules. */
import {
  CreateScheduleGroupCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-scheduler';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, GUIDE, schedule, scheduler } from './schedules.ts';

const behaviour = behavioursOf('scheduler');
const VALIDATION = 'ValidationException';
const NOT_FOUND = 'ResourceNotFoundException';

async function group(aws: Conformance, input: { Tags?: { Key: string; Value: string }[] } = {}) {
  const Name = aws.uniqueName('group');
  const { ScheduleGroupArn = '' } = await scheduler(aws).send(
    new CreateScheduleGroupCommand({ Name, ...input }),
  );
  aws.cleanup(() => scheduler(aws).send(new DeleteScheduleGroupCommand({ Name })));
  return { name: Name, arn: ScheduleGroupArn };
}

behaviour('names are unique within a group', `${GUIDE}/managing-schedule-group.html`, async (aws) => {
  const queue = await aws.queue();
  const nightly = await group(aws);
  const first = await schedule(aws, 'rate(1 day)', { Arn: queue.arn });
  const second = await schedule(
    aws,
    'rate(1 day)',
    { Arn: queue.arn },
    { Name: first.name, GroupName: nightly.name },
  );

  expect(second.arn).toContain(`:schedule/${nightly.name}/${first.name}`);
  const { Schedules } = await scheduler(aws).send(new ListSchedulesCommand({ GroupName: nightly.name }));
  expect(Schedules?.map(({ Name }) => Name)).toEqual([first.name]);
});

behaviour(
  'a group that exists is a conflict, the default one can not be deleted',
  `${API}/API_DeleteScheduleGroup.html`,
  async (aws) => {
    const { name } = await group(aws);
    const { ScheduleGroups } = await scheduler(aws).send(new ListScheduleGroupsCommand({ NamePrefix: name }));

    expect(ScheduleGroups).toMatchObject([{ Name: name, State: 'ACTIVE' }]);
    await refused(scheduler(aws).send(new CreateScheduleGroupCommand({ Name: name })), 'ConflictException');
    await refused(scheduler(aws).send(new DeleteScheduleGroupCommand({ Name: 'default' })), VALIDATION);
  },
);

behaviour(
  'a deleted group takes its schedules with it',
  `${API}/API_DeleteScheduleGroup.html`,
  async (aws) => {
    const queue = await aws.queue();
    const { name } = await group(aws);
    const made = await schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { GroupName: name });
    await scheduler(aws).send(new DeleteScheduleGroupCommand({ Name: name }));

    await aws.eventually(() =>
      refused(scheduler(aws).send(new GetScheduleCommand({ Name: made.name, GroupName: name })), NOT_FOUND),
    );
  },
);

behaviour(
  'a schedule for a group that does not exist is not found',
  `${API}/API_CreateSchedule.html`,
  async (aws) => {
    const queue = await aws.queue();

    await refused(
      schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { GroupName: aws.uniqueName() }),
      NOT_FOUND,
    );
  },
);

behaviour('groups bear tags', `${API}/API_TagResource.html`, async (aws) => {
  const { arn } = await group(aws, { Tags: [{ Key: 'team', Value: 'a' }] });
  const tags = async () =>
    (await scheduler(aws).send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags;
  expect(await tags()).toEqual([{ Key: 'team', Value: 'a' }]);

  await scheduler(aws).send(new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: 'x', Value: 'y' }] }));
  await scheduler(aws).send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['team'] }));
  expect(await tags()).toEqual([{ Key: 'x', Value: 'y' }]);
});

behaviour('schedules are listed in pages', `${API}/API_ListSchedules.html`, async (aws) => {
  const queue = await aws.queue();
  const { name: GroupName } = await group(aws);
  for (let count = 0; count < 3; count++) {
    await schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { GroupName });
  }
  const first = await scheduler(aws).send(new ListSchedulesCommand({ GroupName, MaxResults: 2 }));
  const second = await scheduler(aws).send(
    new ListSchedulesCommand({ GroupName, MaxResults: 2, NextToken: first.NextToken }),
  );

  expect([first.Schedules?.length, second.Schedules?.length]).toEqual([2, 1]);
  expect(second.NextToken).toBeUndefined();
});
