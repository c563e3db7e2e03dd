/** Event buses and rules: making, changing, listing, tagging, deleting. */
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect, refused } from '../harness.ts';
import { API, bus, GUIDE } from './rules.ts';

const behaviour = behavioursOf('events');
const NOT_FOUND = 'ResourceNotFoundException';
const VALIDATION = 'ValidationException';

behaviour("a bus's ARN names region, account and bus", `${API}/API_CreateEventBus.html`, async (aws) => {
  const { arn, name } = await bus(aws);

  expect(arn).toBe(`arn:aws:events:${aws.region}:${await aws.accountId()}:event-bus/${name}`);
});

behaviour('a bus that exists is not made again', `${API}/API_CreateEventBus.html`, async (aws) => {
  const { name } = await bus(aws);

  await refused(aws.events.send(new CreateEventBusCommand({ Name: name })), 'ResourceAlreadyExistsException');
});

behaviour(
  'the default bus exists, and can not be made or deleted',
  `${API}/API_DeleteEventBus.html`,
  async (aws) => {
    const { Name } = await aws.events.send(new DescribeEventBusCommand({}));

    expect(Name).toBe('default');
    await refused(
      aws.events.send(new CreateEventBusCommand({ Name: 'default' })),
      'ResourceAlreadyExistsException',
      VALIDATION,
    );
    await refused(aws.events.send(new DeleteEventBusCommand({ Name: 'default' })), VALIDATION);
  },
);

behaviour('a bus name with a slash is refused', `${API}/API_CreateEventBus.html`, async (aws) => {
  await refused(aws.events.send(new CreateEventBusCommand({ Name: 'a/b' })), VALIDATION);
});

behaviour('a bus that does not exist is not found', `${API}/API_DescribeEventBus.html`, async (aws) => {
  await refused(aws.events.send(new DescribeEventBusCommand({ Name: aws.uniqueName() })), NOT_FOUND);
});

behaviour('deleting a bus twice is no error', `${API}/API_DeleteEventBus.html`, async (aws) => {
  const { name } = await bus(aws);
  await aws.events.send(new DeleteEventBusCommand({ Name: name }));
  await aws.events.send(new DeleteEventBusCommand({ Name: name }));
});

behaviour('a bus with rules is not deleted', `${API}/API_DeleteEventBus.html`, async (aws) => {
  const shop = await bus(aws);
  await shop.rule();

  await refused(aws.events.send(new DeleteEventBusCommand({ Name: shop.name })), VALIDATION);
});

behaviour(
  'description, dead-letter queue and key of a bus can be changed',
  `${API}/API_UpdateEventBus.html`,
  async (aws) => {
    const shop = await bus(aws, { Description: 'before' });
    const dead = await aws.queue();
    await aws.events.send(
      new UpdateEventBusCommand({
        Name: shop.name,
        Description: 'after',
        DeadLetterConfig: { Arn: dead.arn },
      }),
    );

    expect(await aws.events.send(new DescribeEventBusCommand({ Name: shop.name }))).toMatchObject({
      Description: 'after',
      DeadLetterConfig: { Arn: dead.arn },
    });
  },
);

behaviour('buses are listed by prefix', `${API}/API_ListEventBuses.html`, async (aws) => {
  const { name } = await bus(aws);
  const { EventBuses } = await aws.events.send(new ListEventBusesCommand({ NamePrefix: name }));

  expect(EventBuses?.map((one) => one.Name)).toEqual([name]);
});

behaviour('lists come in pages of Limit', `${API}/API_ListRules.html`, async (aws) => {
  const shop = await bus(aws);
  const names = [await shop.rule(), await shop.rule(), await shop.rule()].map(({ name }) => name);
  const EventBusName = shop.name;
  const first = await aws.events.send(new ListRulesCommand({ EventBusName, Limit: 2 }));
  expect(first.Rules).toHaveLength(2);
  const second = await aws.events.send(
    new ListRulesCommand({ EventBusName, Limit: 2, NextToken: first.NextToken }),
  );

  expect([...(first.Rules ?? []), ...(second.Rules ?? [])].map(({ Name = '' }) => Name).toSorted()).toEqual(
    names.toSorted(),
  );
  expect(second.NextToken).toBeUndefined();
});

behaviour(
  'a permission becomes a statement of the policy, and goes by its id',
  `${API}/API_PutPermission.html`,
  async (aws) => {
    const { name, arn } = await bus(aws);
    const account = await aws.accountId();
    await aws.events.send(
      new PutPermissionCommand({
        EventBusName: name,
        Action: 'events:PutEvents',
        Principal: account,
        StatementId: 'one',
      }),
    );
    const policy = async () => {
      const { Policy } = await aws.events.send(new DescribeEventBusCommand({ Name: name }));
      return Policy === undefined ? undefined : (JSON.parse(Policy) as { Statement: object[] });
    };
    expect((await policy())?.Statement).toMatchObject([
      { Sid: 'one', Effect: 'Allow', Action: 'events:PutEvents', Resource: arn },
    ]);

    await aws.events.send(new RemovePermissionCommand({ EventBusName: name, StatementId: 'one' }));
    expect(await policy()).toBeUndefined();
  },
);

behaviour('a permission that is not there is not found', `${API}/API_RemovePermission.html`, async (aws) => {
  const { name } = await bus(aws);

  await refused(
    aws.events.send(new RemovePermissionCommand({ EventBusName: name, StatementId: 'none' })),
    NOT_FOUND,
  );
});

behaviour('a policy that is no JSON is refused', `${API}/API_PutPermission.html`, async (aws) => {
  const { name } = await bus(aws);

  await refused(
    aws.events.send(new PutPermissionCommand({ EventBusName: name, Policy: 'nonsense' })),
    VALIDATION,
  );
});

behaviour('a rule describes itself', `${API}/API_DescribeRule.html`, async (aws) => {
  const shop = await bus(aws);
  const { name, arn } = await shop.rule({ Description: 'orders' });

  expect(
    await aws.events.send(new DescribeRuleCommand({ Name: name, EventBusName: shop.name })),
  ).toMatchObject({
    Name: name,
    Arn: arn,
    EventBusName: shop.name,
    EventPattern: '{"source":["shop"]}',
    State: 'ENABLED',
    Description: 'orders',
  });
});

behaviour('a rule without pattern and schedule is refused', `${API}/API_PutRule.html`, async (aws) => {
  const { name } = await bus(aws);

  await refused(
    aws.events.send(new PutRuleCommand({ Name: aws.uniqueName(), EventBusName: name })),
    VALIDATION,
  );
});

behaviour('a schedule is for the default bus only', `${API}/API_PutRule.html`, async (aws) => {
  const { name } = await bus(aws);

  await refused(
    aws.events.send(
      new PutRuleCommand({
        Name: aws.uniqueName(),
        EventBusName: name,
        ScheduleExpression: 'rate(1 minute)',
      }),
    ),
    VALIDATION,
  );
});

for (const ScheduleExpression of [
  'rate(1 minutes)',
  'rate(0 minutes)',
  'cron(0 12 * * * *)',
  'at(2026-01-01T00:00:00)',
  'daily',
]) {
  behaviour(
    `the schedule ${ScheduleExpression} is refused`,
    `${GUIDE}/eb-scheduled-rule-pattern.html`,
    async (aws) => {
      await refused(
        aws.events.send(new PutRuleCommand({ Name: aws.uniqueName(), ScheduleExpression })),
        VALIDATION,
      );
    },
  );
}

behaviour('a rule for a bus that does not exist is not found', `${API}/API_PutRule.html`, async (aws) => {
  await refused(
    aws.events.send(
      new PutRuleCommand({
        Name: aws.uniqueName(),
        EventBusName: aws.uniqueName(),
        EventPattern: '{"source":["a"]}',
      }),
    ),
    NOT_FOUND,
  );
});

behaviour(
  'a disabled rule sends nothing, an enabled one does again',
  `${API}/API_DisableRule.html`,
  async (aws) => {
    const shop = await bus(aws);
    const rule = await shop.rule();
    const queue = await rule.queue();
    const named = { Name: rule.name, EventBusName: shop.name };
    await aws.events.send(new DisableRuleCommand(named));
    await aws.applied();
    await shop.put({ n: 1 });
    expect(await queue.receiveOnce()).toEqual([]);

    await aws.events.send(new EnableRuleCommand(named));
    await aws.applied();
    await shop.put({ n: 2 });
    expect(await queue.receive(1)).toHaveLength(1);
  },
);

behaviour('a rule with targets is not deleted', `${API}/API_DeleteRule.html`, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  await rule.queue();

  await refused(
    aws.events.send(new DeleteRuleCommand({ Name: rule.name, EventBusName: shop.name })),
    VALIDATION,
  );
});

behaviour('deleting a rule that is not there is no error', `${API}/API_DeleteRule.html`, async (aws) => {
  const shop = await bus(aws);
  await aws.events.send(new DeleteRuleCommand({ Name: aws.uniqueName(), EventBusName: shop.name }));
});

behaviour('a rule that does not exist is not found', `${API}/API_DescribeRule.html`, async (aws) => {
  const shop = await bus(aws);

  await refused(
    aws.events.send(new DescribeRuleCommand({ Name: aws.uniqueName(), EventBusName: shop.name })),
    NOT_FOUND,
  );
});

behaviour('a rule has at most five targets', `${GUIDE}/eb-quota.html`, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  const queue = await aws.queue();
  const Targets = Array.from({ length: 6 }, (_, index) => ({ Id: `t${index}`, Arn: queue.arn }));

  await refused(
    aws.events.send(new PutTargetsCommand({ Rule: rule.name, EventBusName: shop.name, Targets })),
    'LimitExceededException',
  );
});

behaviour(
  'targets are listed with their rule, rules by their target',
  `${API}/API_ListRuleNamesByTarget.html`,
  async (aws) => {
    const shop = await bus(aws);
    const rule = await shop.rule();
    const queue = await rule.queue({ Id: 'orders' });
    const EventBusName = shop.name;
    const { Targets } = await aws.events.send(
      new ListTargetsByRuleCommand({ Rule: rule.name, EventBusName }),
    );
    const { RuleNames } = await aws.events.send(
      new ListRuleNamesByTargetCommand({ TargetArn: queue.arn, EventBusName }),
    );

    expect(Targets).toEqual([{ Id: 'orders', Arn: queue.arn }]);
    expect(RuleNames).toEqual([rule.name]);
  },
);

const badTargets: readonly (readonly [why: string, target: Record<string, unknown>])[] = [
  ['whose ARN is none', { Arn: 'orders' }],
  ['with Input and InputPath', { Input: '{}', InputPath: '$.detail' }],
  ['whose Input is no JSON', { Input: 'nonsense' }],
  [
    'whose template names a variable that is not there',
    { InputTransformer: { InputTemplate: '"<missing>"' } },
  ],
  ['with 186 retries', { RetryPolicy: { MaximumRetryAttempts: 186 } }],
  ['with an age of 59 seconds', { RetryPolicy: { MaximumEventAgeInSeconds: 59 } }],
];
for (const [why, more] of badTargets) {
  behaviour(`a target ${why} is refused`, `${API}/API_PutTargets.html`, async (aws) => {
    const shop = await bus(aws);
    const rule = await shop.rule();
    const queue = await aws.queue();

    await refused(
      aws.events.send(
        new PutTargetsCommand({
          Rule: rule.name,
          EventBusName: shop.name,
          Targets: [{ Id: 't', Arn: queue.arn, ...more }],
        }),
      ),
      VALIDATION,
    );
  });
}

behaviour('a FIFO queue as target needs a message group', `${API}/API_SqsParameters.html`, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  const queue = await aws.queue({ FifoQueue: 'true' });

  await refused(rule.target({ Arn: queue.arn }), VALIDATION);
});

behaviour('tags of buses and rules are added and taken away', `${API}/API_TagResource.html`, async (aws) => {
  const shop = await bus(aws);
  const rule = await shop.rule();
  for (const ResourceARN of [shop.arn, rule.arn]) {
    const tags = async () => (await aws.events.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags;
    await aws.events.send(
      new TagResourceCommand({
        ResourceARN,
        Tags: [
          { Key: 'team', Value: 'a' },
          { Key: 'x', Value: 'y' },
        ],
      }),
    );
    await aws.events.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['x'] }));

    expect(await tags()).toEqual([{ Key: 'team', Value: 'a' }]);
  }
});
