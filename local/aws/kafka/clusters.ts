/** The clusters of an account: made, described, tagged and removed. Nothing is started before it is asked for. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { badRequest, conflict, notFound } from './errors.ts';
import { object, optionalText, page, requiredText, tagsIn, type Input } from './input.ts';
import type { Cluster } from './model.ts';

/** https://docs.aws.amazon.com/msk/1.0/apireference-v2/v2-clusters.html */
const NAME = /^(?=.{1,64}$)[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*$/;

export interface Clusters {
  createV2(input: Input): Cluster;
  /** CreateCluster of version 1: a provisioned cluster whose settings are not wrapped. */
  create(input: Input): Cluster;
  /** @throws AwsError NotFoundException */
  get(arn: string): Cluster;
  find(arn: string): Cluster | undefined;
  list(input: Input): { readonly items: readonly Cluster[]; readonly nextToken?: string };
  /** Replaces settings of a provisioned cluster. */
  update(arn: string, changes: Partial<Pick<Cluster, 'settings' | 'tags' | 'policy'>>): Cluster;
  delete(arn: string, currentVersion: string | undefined): Cluster;
}

export function createClusters({ region, accountId, clock, state }: AwsContext): Clusters {
  const kept = state.collection<Cluster>('kafka.clusters');
  const clusters = new Map<string, Cluster>(kept.entries());
  const save = (cluster: Cluster): Cluster => {
    clusters.set(cluster.arn, cluster);
    kept.put(cluster.arn, cluster);
    return cluster;
  };
  const get = (arn: string): Cluster => {
    const cluster = clusters.get(arn);
    if (cluster) return cluster;
    if (!/^arn:[\w-]+:kafka:[\w-]*:\d*:cluster\/.+\/.+$/.test(arn)) {
      throw badRequest('The ARN of the cluster is not valid.', 'clusterArn');
    }
    throw notFound(`The cluster ${arn} does not exist.`);
  };
  const make = (input: Input, type: Cluster['type'], settings: Cluster['settings']): Cluster => {
    const name = requiredText(input, 'clusterName');
    if (!NAME.test(name)) throw badRequest(`'${name}' is not a name for a cluster.`, 'clusterName');
    if ([...clusters.values()].some((other) => other.name === name)) {
      throw conflict(`A cluster with the name ${name} already exists.`);
    }
    const id = `${randomUUID()}-${type === 'SERVERLESS' ? 's1' : '1'}`;
    return save({
      arn: `arn:aws:kafka:${region}:${accountId}:cluster/${name}/${id}`,
      name,
      type,
      createdAt: clock.now(),
      version: newVersion(),
      settings,
      tags: tagsIn(input),
      policy: undefined,
      policyVersion: '',
    });
  };

  return {
    createV2(input) {
      const isServerless = input['serverless'] !== undefined;
      if (isServerless === (input['provisioned'] !== undefined)) {
        throw badRequest('Exactly one of provisioned and serverless must be given.');
      }
      const settings = object(input, isServerless ? 'serverless' : 'provisioned');
      if (isServerless && settings['vpcConfigs'] === undefined) {
        throw badRequest('A serverless cluster needs vpcConfigs.', 'vpcConfigs');
      }
      if (!isServerless) refuseIncomplete(settings);
      return make(input, isServerless ? 'SERVERLESS' : 'PROVISIONED', settings);
    },
    create(input) {
      const { clusterName: _name, tags: _tags, ...settings } = input;
      refuseIncomplete(settings);
      return make(input, 'PROVISIONED', settings);
    },
    get,
    find: (arn) => clusters.get(arn),
    list(input) {
      const prefix = optionalText(input, 'clusterNameFilter') ?? '';
      const type = optionalText(input, 'clusterTypeFilter');
      const wanted = [...clusters.values()].filter(
        (cluster) => cluster.name.startsWith(prefix) && (type === undefined || cluster.type === type),
      );
      return page(wanted, input);
    },
    update: (arn, changes) =>
      save({
        ...get(arn),
        ...changes,
        version: newVersion(),
        ...('policy' in changes && { policyVersion: newVersion() }),
      }),
    delete(arn, currentVersion) {
      const cluster = get(arn);
      if (currentVersion !== undefined && currentVersion !== cluster.version) {
        throw badRequest('This version of the cluster is not the current one.', 'currentVersion');
      }
      clusters.delete(arn);
      kept.delete(arn);
      return cluster;
    },
  };
}

function refuseIncomplete(settings: Input): void {
  for (const name of ['brokerNodeGroupInfo', 'kafkaVersion', 'numberOfBrokerNodes']) {
    if (settings[name] === undefined) throw badRequest(`The parameter ${name} is required.`, name);
  }
}

function newVersion(): string {
  return `K${randomUUID().replaceAll('-', '').slice(0, 13).toUpperCase()}`;
}

/** As DescribeClusterV2 answers it. */
export function describeV2(cluster: Cluster): Record<string, unknown> {
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    clusterType: cluster.type,
    creationTime: new Date(cluster.createdAt).toISOString(),
    currentVersion: cluster.version,
    state: 'ACTIVE',
    tags: cluster.tags,
    ...(cluster.type === 'SERVERLESS'
      ? { serverless: cluster.settings }
      : { provisioned: provisioned(cluster) }),
  };
}

/** As DescribeCluster of version 1 answers it. */
export function describe(cluster: Cluster): Record<string, unknown> {
  const { provisioned: _wrapped, clusterType: _type, ...common } = describeV2(cluster);
  return { ...common, ...provisioned(cluster) };
}

function provisioned({ settings }: Cluster): Record<string, unknown> {
  const { kafkaVersion, configurationInfo, ...rest } = settings;
  const info = configurationInfo as { readonly arn?: string; readonly revision?: number } | undefined;
  return {
    ...rest,
    currentBrokerSoftwareInfo: {
      kafkaVersion,
      ...(info && { configurationArn: info.arn, configurationRevision: info.revision }),
    },
  };
}
