/**
 * The image of a long-running process, as a directory: its bundle and a Dockerfile. Synth only writes files; Docker is
 * needed by whoever deploys.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { containerBundleOptions, runtimeFile } from './bundle-options.ts';
import { BUNDLE_FILE, bundleAlone, CACHE_DIRECTORY, entryFile } from './bundling.ts';

/** Node's own image, of the version that handlers have in Lambda. */
const BASE_IMAGE = 'node:24-slim';

/**
 * The authorities of Amazon RDS are in no image: AuroraUserGuide/UsingWithRDS.SSL.html. What they sign is verified.
 * Files belong to root, and the process does not run as root.
 */
const DOCKERFILE = `FROM ${BASE_IMAGE}
ADD --chmod=444 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /opt/certificates/rds.pem
ENV NODE_ENV=production NODE_EXTRA_CA_CERTS=/opt/certificates/rds.pem
WORKDIR /app
COPY --chmod=444 ${BUNDLE_FILE}.cjs ./
VOLUME ["/tmp"]
USER node
CMD ["node", "${BUNDLE_FILE}.cjs"]
`;

/**
 * The directory to build the image from. The process begins when the credentials of its task are in the environment.
 *
 * @param entry a file that runs when it is loaded, relative to the application's directory
 * @throws ValidationError as `bundledCode`
 */
export function containerCode(scope: Construct, entry: string): string {
  const file = entryFile(scope, entry);
  if (!Stack.of(scope).bundlingRequired) return placeholder();
  const directory = bundleAlone(scope, startOf(file), containerBundleOptions());
  writeDockerfile(directory);
  return directory;
}

/** A file that starts the entry: below the directory of bundles, and the same on every machine. */
function startOf(file: string): string {
  const directory = join(process.cwd(), CACHE_DIRECTORY, 'starts');
  const start = join(directory, `${relative(process.cwd(), file).replaceAll(/[^A-Za-z0-9]+/g, '-')}.ts`);
  const from = (path: string): string => relative(directory, path).split(sep).join('/');
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    start,
    [
      `import { keepContainerCredentials } from '${from(runtimeFile('container-credentials'))}';`,
      `void keepContainerCredentials().then(() => import('${from(file)}'));`,
      '',
    ].join('\n'),
  );
  return start;
}

function writeDockerfile(directory: string): void {
  const path = join(directory, 'Dockerfile');
  if (!existsSync(path)) writeFileSync(path, DOCKERFILE);
}

/** For tests that look at templates and not at code. */
function placeholder(): string {
  const directory = join(process.cwd(), CACHE_DIRECTORY, 'placeholder-image');
  mkdirSync(directory, { recursive: true });
  const bundle = join(directory, `${BUNDLE_FILE}.cjs`);
  if (!existsSync(bundle)) writeFileSync(bundle, '');
  writeDockerfile(directory);
  return directory;
}
