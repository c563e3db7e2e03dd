import { expect, test } from '@jest/globals';
import { changesBetween, describeChanges } from '../../../local/run/changes.ts';
import type { ResourceState } from '../../../local/run/changes.ts';

const resource = (type: string, physicalId: string, properties: object = {}): ResourceState => ({
  type,
  physicalId,
  properties,
});

test('says in one line what was updated, replaced, added and removed, by type', () => {
  const before = new Map([
    ['Core/Handler', resource('AWS::Lambda::Function', 'handler', { Code: 'old' })],
    ['Core/A', resource('AWS::SQS::Queue', 'a', { DelaySeconds: 1 })],
    ['Core/B', resource('AWS::SQS::Queue', 'b', { DelaySeconds: 1 })],
    ['Core/Same', resource('AWS::SQS::Queue', 'same', { DelaySeconds: 1 })],
    ['Core/Gone', resource('AWS::SQS::QueuePolicy', 'gone')],
    ['Core/AlsoGone', resource('AWS::SQS::QueuePolicy', 'also-gone')],
    ['Core/Other', resource('AWS::SNS::Topic', 'other-1', { TopicName: 'a' })],
  ]);
  const after = new Map([
    ['Core/Handler', resource('AWS::Lambda::Function', 'handler', { Code: 'new' })],
    ['Core/A', resource('AWS::SQS::Queue', 'a', { DelaySeconds: 2 })],
    ['Core/B', resource('AWS::SQS::Queue', 'b', { DelaySeconds: 2 })],
    ['Core/Same', resource('AWS::SQS::Queue', 'same', { DelaySeconds: 1 })],
    ['Core/Other', resource('AWS::SNS::Topic', 'other-2', { TopicName: 'b' })],
    ['Core/New', resource('AWS::Lambda::EventSourceMapping', 'new')],
  ]);

  expect(describeChanges(changesBetween(before, after))).toBe(
    'updated: 2 queues, 1 function; replaced: 1 topic; added: 1 event source mapping; removed: 2 queue policies',
  );
});

test('says so when nothing changed', () => {
  const same = new Map([['Core/A', resource('AWS::SQS::Queue', 'a')]]);

  expect(describeChanges(changesBetween(same, same))).toBe('updated: nothing in the templates changed');
});
