/** What the runtime uses of the EventBridge client, and nothing else (see sqs.ts). */
export { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
