/** The embedded Kafka under Java's own client, where its jars are installed: no code of ours on the other side. */
import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

import { findKafka } from '../../../local/brokers/kafka-installation.ts';
import { startEmbeddedKafka } from '../../../local/kafka/index.ts';

const installation = await findKafka();
const run = promisify(execFile);

if (installation === undefined) {
  test.skip('left out: no Kafka is installed here (npm run brokers:install)', () => undefined);
} else {
  describe(`the client of Kafka ${installation.version}`, () => {
    test('administrates, produces with every compression, consumes in a group, commits', async () => {
      const kafka = await startEmbeddedKafka();
      try {
        const program = resolve('test/local/kafka/JavaClient.java');
        const { stdout } = await run(
          installation.java,
          ['-cp', installation.classPath, program, kafka.bootstrapServers],
          { timeout: 200_000 },
        );
        expect(stdout.trim().split('\n')).toEqual([
          'twice true',
          'partitions 3',
          'retention 604800000',
          'nodes 1',
          'read 1000 ordered true',
          'ends 1000',
          'committed 1000',
          'first 0',
          'group java-group',
          'left 0',
        ]);
      } finally {
        await kafka.stop();
      }
    });
  });
}
