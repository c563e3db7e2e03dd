/** The shape of a Region's prices: dated data, each figure with where it is from. */

/**
 * `list`: AWS's price list, read by others from its feed. `third party`: a dated text of somebody else.
 * `memory`: nobody has looked it up; check it before money depends on it.
 */
export type Confidence = 'list' | 'third party' | 'memory';

export interface Price {
  /** US dollars. */
  readonly usd: number;
  /** What one is: a million requests, an hour, a gigabyte. */
  readonly per: string;
  readonly source: string;
  /** When the figure was true: YYYY-MM or YYYY-MM-DD. */
  readonly date: string;
  readonly confidence: Confidence;
}

/** What each item is charged for. A gigabyte is 10^9 bytes for network and logs, 2^30 for memory. */
export interface RegionPrices {
  readonly region: string;
  readonly prices: Readonly<Record<PriceItem, Price>>;
}

export const PRICE_ITEMS = [
  'sqsStandardRequests',
  'sqsFifoRequests',
  'sqsFairRequests',
  'snsPublishes',
  'snsBodyFilter',
  'snsFifoPublishes',
  'snsFifoPublishedBytes',
  'snsFifoDeliveries',
  'snsFifoDeliveredBytes',
  'eventBridgeEvents',
  'eventBridgeArchiving',
  'eventBridgeArchiveStorage',
  'customBusIngestion',
  'customBusDelivery',
  'customBusRetention',
  'customBusEvaluations',
  'schedulerInvocations',
  'lambdaRequests',
  'lambdaX86',
  'lambdaArm64',
  'lambdaPollers',
  'apiGatewayHttpRequests',
  'apiGatewayRestRequests',
  'apiGatewayWebSocketMessages',
  'apiGatewayConnectionMinutes',
  'kmsKeys',
  'kmsRequests',
  'alarms',
  'highResolutionAlarms',
  'compositeAlarms',
  'dashboards',
  'logIngestion',
  'logStorage',
  'natGatewayHours',
  'natGatewayBytes',
  'publicAddressHours',
  'endpointHours',
  'endpointBytes',
  'crossRegionBytes',
  'auroraCapacityHours',
  'auroraStorageRequests',
  'dynamoDbReads',
  'dynamoDbWrites',
  'secrets',
  'kinesisStreamHours',
  'kinesisIngestion',
  'kinesisRetrieval',
  'kinesisShardHours',
  'kinesisPutUnits',
  'kafkaServerlessHours',
  'kafkaPartitionHours',
  'kafkaIngestion',
  'kafkaRetrieval',
  'kafkaServerlessStorage',
  'kafkaExpressBrokerHours',
  'kafkaExpressIngestion',
  'kafkaExpressStorage',
  'kafkaPollers',
  'brokerHours',
  'stateTransitions',
  'fargateArm64CpuHours',
  'fargateArm64MemoryHours',
  'cacheMicroHours',
  'cacheLargeHours',
  'memoryDbSmallHours',
  'memoryDbLargeHours',
  'memoryDbBytesWritten',
  'snsEmails',
  'snsTextMessages',
  'snsHttpDeliveries',
] as const;

export type PriceItem = (typeof PRICE_ITEMS)[number];
