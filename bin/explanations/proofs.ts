/** Codes of the proofs: why an event does not get where it is declared to. */
import type { BreakCode } from '../../lib/proofs/proof.ts';
import type { AreaExplanation } from './explanation.ts';

export const PROOF_EXPLANATIONS = {
  WAYBILL_PROOF_NO_PATH: {
    what: 'No chain of hops leads from the publisher to the consumer.',
    why: 'The event is accepted, and nobody gets it.',
    fix: 'Add the subscription or rule, or see whether it names another topic or bus.',
    example: 'subscribesTo: [orders.event(OrderPlaced)]',
  },
  WAYBILL_PROOF_FILTERED_OUT: {
    what: 'A filter or pattern on the way does not match the event.',
    why: 'SNS, EventBridge and Lambda drop what does not match, and say nothing.',
    fix: 'Correct the filter; the break shows the field that decides.',
    example: '{ "eventType": ["OrderPlaced"] }',
  },
  WAYBILL_PROOF_LET_THROUGH: {
    what: 'An event or tenant reaches a consumer that has not declared it.',
    why: 'The handler refuses it, or worse, handles it for the wrong tenant.',
    fix: 'Narrow the filter of the hop that the break names.',
    example: "orders.event(OrderPlaced, { tenants: ['acme'] })",
  },
  WAYBILL_PROOF_SWITCHED_OFF: {
    what: 'A rule or mapping on the way is disabled.',
    why: 'A disabled rule drops events; a disabled mapping lets messages expire in the queue.',
    fix: 'Enable it, or take the declaration away.',
    example: 'enabled: true',
  },
  WAYBILL_PROOF_PERMISSION_MISSING: {
    what: 'Somebody on the way may not do what the hop needs.',
    why: 'AWS refuses every message there.',
    fix: 'Add the statement that the break shows.',
    example:
      '{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"..."}',
  },
  WAYBILL_PROOF_PERMISSION_UNUSED: {
    what: 'A role has a permission that no edge needs.',
    why: 'Whoever takes the role over can do more than it is for (W22).',
    fix: 'Take the action from the statement.',
    example: 'actions: ["sqs:SendMessage"]',
  },
  WAYBILL_PROOF_PERMISSION_TOO_WIDE: {
    what: 'A policy lets in more than the edges need.',
    why: 'Somebody who is not declared may publish, send or receive.',
    fix: 'Name the principal, and add a condition on the source.',
    example: '{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111111111111:orders"}}',
  },
  WAYBILL_PROOF_UNKNOWN: {
    what: 'The proof depends on something that is not in the assembly.',
    why: 'It is neither proven nor broken; nothing is guessed.',
    fix: 'Put what is missing into the application, or prove the rest without it.',
    example: "Queue.fromQueueArn(...) -> new Queue(stack, 'Queue')",
  },
  WAYBILL_PROOF_NO_FAILURE_DESTINATION: {
    what: 'A hop that can fail has no dead-letter queue.',
    why: 'What fails there is gone (D14).',
    fix: 'Give the subscription, rule, mapping or function one.',
    example: 'deadLetterQueue',
  },
  WAYBILL_PROOF_FAILURE_DESTINATION_UNFIT: {
    what: 'A dead-letter queue cannot take what fails.',
    why: 'It is of another type, account or Region, may not be used, or does not let the service in.',
    fix: 'Correct what the break names.',
    example: "new Queue(stack, 'Dead', { fifo: true })",
  },
  WAYBILL_PROOF_TIMING: {
    what: 'Timeout, visibility, receives and retention do not add up.',
    why: 'Messages are handled twice, or expire before their last try.',
    fix: 'Correct the value that the break names.',
    example: 'visibilityTimeout: Duration.minutes(3), retentionPeriod: Duration.days(14)',
  },
  WAYBILL_PROOF_MESSAGE_CHANGED: {
    what: 'A hop changes the message, so that the consumer cannot read it.',
    why: 'Without raw delivery SNS wraps the envelope; an input path cuts it.',
    fix: 'Switch raw delivery on, and leave input path and transformer out.',
    example: 'rawMessageDelivery: true',
  },
  WAYBILL_PROOF_SETTING_DIFFERS: {
    what: 'A template says something else than what is declared.',
    why: 'Somebody has changed it after the construct, with an escape hatch or an aspect.',
    fix: 'Take the change back, or declare it.',
    example: 'maxConcurrency: 10',
  },
  WAYBILL_PROOF_REFERENCE_MISSING: {
    what: 'A resource refers to a logical id that is not in its template.',
    why: 'CloudFormation refuses the template; what was referred to has been removed after the fact.',
    fix: 'Synthesize again. If it stays away, look for an aspect, an override or a script that removes resources.',
    example: 'npx cdk synth',
  },
  WAYBILL_PROOF_ALARM_MISSING: {
    what: 'Something that can fail has no alarm that tells people.',
    why: 'The first to notice is whoever misses what the message was for.',
    fix: 'Leave the alarms of the construct on, and give them an AlertTopic.',
    example: "new AlertTopic(stack, 'Alerts', { emails: ['on-call@example.com'] });",
  },
} as const satisfies Record<BreakCode, AreaExplanation>;
