/**
 * W6: a bus has a customer's key and its archive has none.
 *
 * | bus | archive | |
 * |---|---|---|
 * | no key, or AWS's own | any | fine |
 * | a customer's key | a key | fine |
 * | a customer's key | no key | found |
 * | outside the assembly | any | not known |
 *
 * eventbridge/latest/userguide/encryption-archives.html; aws/aws-cdk#38298
 */
import { isAwsManagedKey, isUnknown } from '../assembly/index.ts';
import type { Guard } from './guard.ts';

export const archiveKey: Guard = {
  id: 'W6',
  title: "An archive keeps the events of an encrypted bus without the customer's key",
  explanation:
    "The key of a bus does not reach its archives. What passes the bus under the customer's key lies in the archive under AWS's, for as long as the archive keeps it: revoking the key does not make it unreadable. `EventBus.archive()` of CDK drops a key that is given to it.",
  source: 'eventbridge/latest/userguide/encryption-archives.html',
  level: 'error',
  check: (messaging) =>
    messaging.archives.flatMap(({ resource, sourceArn, kmsKeyId }) => {
      const bus = messaging.bus(sourceArn);
      if (bus?.kmsKeyId === undefined || kmsKeyId !== undefined) return [];
      if (isUnknown(bus.kmsKeyId) || isAwsManagedKey(bus.kmsKeyId)) return [];
      return [
        {
          resource,
          property: 'KmsKeyIdentifier',
          received: 'no key',
          allowed: `a customer managed key, as the bus ${bus.resource.constructPath} has one`,
          fix: 'give the archive a key: new Archive(..., { kmsKey }) in CDK, a key of its own where the key policy names the bus',
        },
      ];
    }),
};
