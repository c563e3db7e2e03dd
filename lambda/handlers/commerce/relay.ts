/** The relay of the commerce system's outbox. Its routes lead to Kafka too, whose client only this relay carries. */
import { relayFunction } from '../../runtime/outbox/relay-function.ts';
import { kafkaTopics } from '../../runtime/transports/kafka.ts';

export const handler = relayFunction({ kinds: [kafkaTopics] });
