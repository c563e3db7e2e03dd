/** Finds the jars of a real Kafka, and the Java that runs them. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface KafkaInstallation {
  /** For example `4.1.1`. */
  readonly version: string;
  /** What Java's `-cp` takes. */
  readonly classPath: string;
  readonly java: string;
}

/**
 * | first that holds kafka_2.13-*.jar | |
 * |---|---|
 * | `$KAFKA_HOME/libs` | a Kafka of your own |
 * | `.waybill/brokers/kafka` in the working directory | what `npm run brokers:install` makes |
 *
 * Undefined where neither is, or no Java.
 */
export async function findKafka(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<KafkaInstallation | undefined> {
  const home = environment['KAFKA_HOME'];
  const places = [...(home ? [join(home, 'libs')] : []), resolve('.waybill/brokers/kafka')];
  const javaHome = environment['JAVA_HOME'];
  const java = javaHome ? join(javaHome, 'bin', 'java') : 'java';
  for (const place of places) {
    const files = await readdir(place).catch(() => []);
    const version = files
      .map((file) => /^kafka_2\.1[23]-(\d+\.\d+\.\d+)\.jar$/.exec(file)?.[1])
      .find(Boolean);
    if (version !== undefined && (await runs(java))) return { version, classPath: join(place, '*'), java };
  }
  return undefined;
}

const runs = (java: string): Promise<boolean> =>
  promisify(execFile)(java, ['-version']).then(
    () => true,
    () => false,
  );
