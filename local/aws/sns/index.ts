/** Public surface of the embedded SNS. */
export type { InboxMessage } from './inbox.ts';
export type { Subscription, Topic } from './model.ts';
export type { PublishBatchOutput, PublishOutput } from './publish.ts';
export {
  type AttributeChange,
  type CreateTopicInput,
  createSnsService,
  type SnsService,
  type SubscribeInput,
} from './service.ts';
