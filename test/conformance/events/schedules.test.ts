/** Rules with a schedule, on the default bus. */
import { DisableRuleCommand } from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect } from '../harness.ts';
import { eventOf, GUIDE, openBus } from './rules.ts';

const behaviour = behavioursOf('events');
const SCHEDULES = `${GUIDE}/eb-scheduled-rule-pattern.html`;

behaviour('a rate is due after each of its periods', SCHEDULES, async (aws) => {
  const rule = await openBus(aws, 'default', '').rule({ ScheduleExpression: 'rate(1 minute)' });
  const queue = await rule.queue();
  expect(await queue.receiveOnce()).toEqual([]);
  await aws.wait(120);

  const events = (await queue.receive(2)).map(eventOf);
  expect(events).toMatchObject([
    { source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [rule.arn], detail: {} },
    { source: 'aws.events' },
  ]);
});

behaviour('cron is due at its minutes, in UTC', SCHEDULES, async (aws) => {
  const rule = await openBus(aws, 'default', '').rule({ ScheduleExpression: 'cron(0/5 * * * ? *)' });
  const queue = await rule.queue();
  await aws.wait(301);

  const [event] = (await queue.receive(1)).map(eventOf);
  expect(new Date(event?.time ?? '').getUTCMinutes() % 5).toBe(0);
});

behaviour('a disabled schedule is not due', SCHEDULES, async (aws) => {
  const rule = await openBus(aws, 'default', '').rule({ ScheduleExpression: 'rate(1 minute)' });
  const queue = await rule.queue({ Input: '{"tick":true}' });
  await aws.events.send(new DisableRuleCommand({ Name: rule.name, EventBusName: 'default' }));
  await aws.wait(180);

  expect(await queue.receiveOnce()).toEqual([]);
});
