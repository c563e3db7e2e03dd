import { Duration } from 'aws-cdk-lib';
import { Archive, CfnArchive, EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from '@jest/globals';
import { found } from './plain-cdk.ts';
import { plainStack } from './support.ts';

const eventPattern = { source: ['orders'] };

describe("W6 an archive of an encrypted bus has a customer's key", () => {
  test('`bus.archive()` of plain CDK drops the key that is given to it (aws/aws-cdk#38298): found', () => {
    const messaging = plainStack((stack) => {
      const bus = new EventBus(stack, 'Bus', { kmsKey: new Key(stack, 'Key') });
      const kmsKey = new Key(stack, 'ArchiveKey');
      bus.archive('Archive', { eventPattern, retention: Duration.days(30), kmsKey });
    });

    expect(found(messaging)).toEqual(['W6 Plain/Bus/Archive/Archive KmsKeyIdentifier']);
  });

  test('with a key of its own, on a bus without one, on a bus elsewhere: nothing', () => {
    const messaging = plainStack((stack) => {
      const encrypted = new EventBus(stack, 'Encrypted', { kmsKey: new Key(stack, 'Key') });
      new Archive(stack, 'WithKey', {
        sourceEventBus: encrypted,
        eventPattern,
        kmsKey: new Key(stack, 'ArchiveKey'),
      });
      new Archive(stack, 'OfPlain', { sourceEventBus: new EventBus(stack, 'NotEncrypted'), eventPattern });
      new CfnArchive(stack, 'Elsewhere', {
        sourceArn: 'arn:aws:events:eu-west-1:111111111111:event-bus/elsewhere',
      });
    });

    expect(found(messaging)).toEqual([]);
  });
});
