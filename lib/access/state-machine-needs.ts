/** What state machines need besides their deliveries: their logs, their key, and the answers that they wait for. */
import { formatArn } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';
import type { Need } from './needs.ts';
import type { Permission } from './permission.ts';

/** step-functions/latest/dg/cw-logs.html; none of them takes a resource. */
const LOG_DELIVERY_ACTIONS = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];
/** step-functions/latest/dg/encryption-at-rest.html */
const EXECUTION_KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** step-functions/latest/dg/connect-to-resource.html#connect-wait-token */
const ANSWERING_ACTIONS = ['states:SendTaskFailure', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess'];

/** The log and the key of a machine, besides its deliveries; and the answers of those who consume its queues. */
export function ofStateMachines(messaging: Messaging): Need[] {
  return messaging.stateMachines.flatMap((machine) => {
    const { resource, arn, roleArn, logs, kmsKeyId, queueTasks } = machine;
    const role = messaging.role(roleArn);
    const key = messaging.key(kmsKeyId);
    const own: Permission[] = (role === undefined ? [] : [role]).flatMap((owner) => {
      const actor = { kind: 'role', role: owner } as const;
      return [
        ...(logs ? LOG_DELIVERY_ACTIONS : []).map((action) => ({ actor, action, resourceArn: '*' })),
        ...(key === undefined ? [] : EXECUTION_KEY_ACTIONS).map((action) => ({
          actor,
          action,
          resourceArn: key?.arn ?? '',
          keys: { 'kms:EncryptionContext:aws:states:stateMachineArn': arn },
        })),
      ];
    });
    const waiting = new Set(
      queueTasks.flatMap(({ queueUrl, waitsForToken }) =>
        waitsForToken ? (messaging.queue(queueUrl)?.arn ?? []) : [],
      ),
    );
    const answers = messaging.mappings.flatMap(({ eventSourceArn, functionArn }): Permission[] => {
      const worker = messaging.role(messaging.function(functionArn)?.roleArn);
      if (worker === undefined || eventSourceArn === undefined || !waiting.has(eventSourceArn)) return [];
      return ANSWERING_ACTIONS.map((action) => ({
        actor: { kind: 'role', role: worker },
        action,
        resourceArn: arn,
      }));
    });
    // The log is encrypted with the machine's key on its way: step-functions/latest/dg/encryption-at-rest.html.
    const delivery: readonly Permission[] =
      logs && key !== undefined
        ? [
            {
              actor: {
                kind: 'service',
                service: 'delivery.logs.amazonaws.com',
                sourceArn: formatArn('logs', resource, '*'),
              },
              action: 'kms:Decrypt',
              resourceArn: key.arn,
            },
          ]
        : [];
    return [...own, ...delivery, ...answers].map((permission) => ({
      permission,
      because: `state machine ${resource.constructPath}`,
    }));
  });
}
