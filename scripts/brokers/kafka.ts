/** Kafka's server: its jars and theirs from Maven Central, by Maven itself, into `.waybill/brokers/kafka`. */
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Installation } from './installation.ts';

/** The newest that the client (`@platformatic/kafka`) is tested with runs on Java 17, as this one does. */
const KAFKA_VERSION = '4.1.1';
/** Kafka logs through SLF4J, and its scripts bring Log4j for it. */
const LOG4J_VERSION = '2.25.1';
const MAVEN_MILLISECONDS = 600_000;

const directory = fileURLToPath(new URL('../../.waybill/brokers/kafka', import.meta.url));
const run = promisify(execFile);

export async function installKafka(): Promise<Installation> {
  const broker = `Kafka ${KAFKA_VERSION}`;
  if (await isThere(join(directory, `kafka_2.13-${KAFKA_VERSION}.jar`))) {
    return { broker, state: 'present', detail: directory };
  }
  for (const [tool, argument] of [
    ['java', '-version'],
    ['mvn', '--version'],
  ] as const) {
    if (!(await answers(tool, argument))) {
      const fix = `install it, or set KAFKA_HOME to a Kafka that is installed (its libs/ holds kafka_2.13-*.jar)`;
      return { broker, state: 'left out', detail: `'${tool}' is not on the PATH: ${fix}` };
    }
  }
  // Made elsewhere and moved, so that a run that is broken off leaves no half of it.
  await mkdir(join(directory, '..'), { recursive: true });
  const fresh = await mkdtemp(join(directory, '..', 'kafka-'));
  const project = await mkdtemp(join(tmpdir(), 'waybill-kafka-pom-'));
  try {
    const pom = join(project, 'pom.xml');
    await writeFile(pom, POM);
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${fresh}`];
    await run('mvn', ['--quiet', '--batch-mode', '--file', pom, ...goal], { timeout: MAVEN_MILLISECONDS });
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
  } catch (error) {
    const { stdout = '', message } = error as { readonly stdout?: string; readonly message: string };
    return { broker, state: 'left out', detail: `Maven failed: ${(stdout.trim() || message).slice(0, 500)}` };
  } finally {
    await rm(project, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
  }
  return { broker, state: 'installed', detail: `${(await readdir(directory)).length} jars in ${directory}` };
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>waybill</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const answers = (tool: string, argument: string): Promise<boolean> =>
  run(tool, [argument]).then(
    () => true,
    () => false,
  );
