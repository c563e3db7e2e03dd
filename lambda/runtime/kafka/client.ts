/**
 * What the runtime uses of the Kafka client, and nothing else. Imported lazily and only from here: the client is
 * larger than all the rest of a bundle.
 */
/** The `try` lets a bundler go on where the client is not installed. */
export async function kafkaClient() {
  try {
    return await import('@platformatic/kafka');
  } catch (cause) {
    throw new Error("the package '@platformatic/kafka' is not installed: npm install @platformatic/kafka", {
      cause,
    });
  }
}
