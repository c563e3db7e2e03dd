/** Builders for deployment tests: a cloud assembly written by hand, and an embedded AWS to deploy it into. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { deployAssembly } from '../../../local/assembly/index.ts';
import type { DeployedAssembly, DeployOptions } from '../../../local/assembly/index.ts';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws, EmbeddedAwsOptions } from '../../../local/aws/index.ts';
import type { LambdaService } from '../../../local/aws/lambda/index.ts';

export interface AwsUnderTest {
  readonly aws: EmbeddedAws;
  readonly lambda: LambdaService;
  /** Removed at the end. */
  readonly directories: string[];
  close(): Promise<void>;
}

/** An embedded AWS with everything that a deployment can use. */
export async function awsUnderTest(options: EmbeddedAwsOptions = {}): Promise<AwsUnderTest> {
  const aws = await startEmbeddedAws(options);
  const directories: string[] = [];
  return {
    aws,
    lambda: aws.services.lambda,
    directories,
    async close() {
      await aws.close();
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
    },
  };
}

export interface StackSource {
  readonly template: object;
  readonly dependencies?: readonly string[];
  /** Object key of an asset -> its files. */
  readonly assets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Tag of an image in the repository `images` -> the files of its build context. */
  readonly images?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Writes the stacks, keyed by name, as a cloud assembly; returns its directory. */
export async function writeAssembly(stacks: Readonly<Record<string, StackSource>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-assembly-'));
  const artifacts: Record<string, object> = {};
  for (const [name, { template, dependencies = [], assets = {}, images = {} }] of Object.entries(stacks)) {
    const files: Record<string, object> = {};
    const dockerImages: Record<string, object> = {};
    for (const [imageTag, content] of Object.entries(images)) {
      const path = `asset.${name}.image.${imageTag}`;
      await mkdir(join(directory, path));
      for (const [file, source] of Object.entries(content))
        await writeFile(join(directory, path, file), source);
      dockerImages[imageTag] = {
        source: { directory: path },
        destinations: { here: { repositoryName: 'images', imageTag } },
      };
    }
    for (const [objectKey, content] of Object.entries(assets)) {
      const path = `asset.${name}.${objectKey}`;
      await mkdir(join(directory, path));
      for (const [file, source] of Object.entries(content))
        await writeFile(join(directory, path, file), source);
      files[objectKey] = { source: { path, packaging: 'zip' }, destinations: { here: { objectKey } } };
    }
    await writeFile(join(directory, `${name}.template.json`), JSON.stringify(template));
    await writeFile(
      join(directory, `${name}.assets.json`),
      JSON.stringify({ version: '55.0.0', files, dockerImages }),
    );
    artifacts[`${name}.assets`] = { type: 'cdk:asset-manifest', properties: { file: `${name}.assets.json` } };
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      environment: 'aws://000000000000/us-east-1',
      properties: { templateFile: `${name}.template.json`, stackName: name },
      dependencies: [`${name}.assets`, ...dependencies],
    };
  }
  await writeFile(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  return directory;
}

/** Deploys an assembly of hand-made stacks. Its files live until the AWS under test is closed. */
export async function deploy(
  { aws, directories }: AwsUnderTest,
  stacks: Readonly<Record<string, StackSource>>,
  options: Partial<DeployOptions> = {},
): Promise<DeployedAssembly> {
  const assemblyDirectory = await writeAssembly(stacks);
  directories.push(assemblyDirectory);
  return deployAssembly({ assemblyDirectory, aws: aws.context, ...options });
}
