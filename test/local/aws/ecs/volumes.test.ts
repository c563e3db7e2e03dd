/** Directories that a container writes to are its task's own, wherever it is told of them. */
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createVolumes } from '../../../../local/aws/ecs/volumes.ts';
import type { Volumes } from '../../../../local/aws/ecs/volumes.ts';

let volumes: Volumes | undefined;

afterEach(() => volumes?.remove());

test('paths in a volume are places of this machine, and no other text is', () => {
  volumes = createVolumes(['/tmp', '/data/']);
  const temporary = volumes.place('/tmp');
  expect(existsSync(temporary)).toBe(true);
  expect(volumes.place('/tmp/healthy')).toBe(`${temporary}/healthy`);
  expect(volumes.place('/data/a')).toMatch(/\/data\/a$/);
  expect(volumes.place('/tmpfile')).toBe('/tmpfile');
  expect(volumes.placeIn("find /tmp/healthy -newer '/tmp' || ls /var/tmp/x /tmpfile")).toBe(
    `find ${temporary}/healthy -newer '${temporary}' || ls /var/tmp/x /tmpfile`,
  );
  volumes.remove();
  expect(existsSync(temporary)).toBe(false);
});

test('variables lead there, too; what Node would look for in vain is left out', () => {
  volumes = createVolumes(['/tmp']);
  const temporary = volumes.place('/tmp');
  const given = { FILE: '/tmp/healthy', NODE_EXTRA_CA_CERTS: '/opt/certificates/rds.pem', NAME: 'x' };
  expect(volumes.environment(given)).toEqual({ FILE: `${temporary}/healthy`, NAME: 'x', TMPDIR: temporary });
});

test('a container without volumes has the temporary directory of the machine', () => {
  volumes = createVolumes([]);
  expect(volumes.environment({ FILE: '/tmp/healthy' })).toEqual({ FILE: '/tmp/healthy' });
});
