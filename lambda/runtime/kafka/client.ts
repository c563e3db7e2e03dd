/**
 * What the runtime uses of the Kafka client, and nothing else. Imported lazily and only from here: the client is
 * larger than all the rest of a bundle.
 */
export { compatibilityPartitioner, Consumer, Producer } from '@platformatic/kafka';
