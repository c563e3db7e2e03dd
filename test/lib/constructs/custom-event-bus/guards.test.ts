import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { messagingOf, readAssembly } from '../../../../lib/assembly/index.ts';
import { checkAssembly, describeFinding } from '../../../../lib/guards/index.ts';
import { encryptedApp, orderedApp, severalStacksApp, TEST_CONTEXT } from './apps.ts';

test.each([
  ['ordered', orderedApp, 2],
  ['encrypted', encryptedApp, 1],
  ['several stacks', severalStacksApp, 4],
])(
  '%s: every subscriber is seen in the templates, and no guard of silent loss finds anything',
  (_name, make, count) => {
    const outdir = mkdtempSync(join(tmpdir(), 'waybill-custom-bus-'));
    try {
      const { app } = make({
        appProps: {
          outdir,
          analyticsReporting: false,
          builtinCloudFormationValidation: false,
          context: TEST_CONTEXT,
        },
      });
      app.synth();
      const assembly = readAssembly(outdir);

      expect(messagingOf(assembly).subscribers).toHaveLength(count);
      // W22 does not follow subscribers yet, so it takes what their roles and keys need for too much.
      const findings = checkAssembly(assembly).filter(({ guard }) => guard.id !== 'W22');
      expect(findings.map(({ guard, finding }) => describeFinding(guard, finding))).toEqual([]);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  },
);
