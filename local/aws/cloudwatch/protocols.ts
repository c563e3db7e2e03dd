/** The wire protocols of CloudWatch: AWS JSON (JavaScript), Smithy RPC v2 CBOR (Python, Java), Query (older clients). */
import type { ServiceProtocols } from '../context.ts';

const SERVICE = 'GraniteServiceVersion20100801';
const ERROR_NAMESPACE = 'com.amazonaws.cloudwatch';

/** Output members that are times. */
const TIMESTAMPS = [
  'AlarmConfigurationUpdatedTimestamp',
  'LastModified',
  'StateTransitionedTimestamp',
  'StateUpdatedTimestamp',
  'Timestamp',
  'Timestamps',
];

/** Output members that are doubles. */
const DOUBLES = [
  'Average',
  'ExtendedStatistics',
  'Maximum',
  'Minimum',
  'SampleCount',
  'Sum',
  'Threshold',
  'Values',
];

export const CLOUDWATCH_PROTOCOLS: ServiceProtocols = {
  json: { version: '1.0', targetPrefix: SERVICE, errorNamespace: ERROR_NAMESPACE, queryCompatible: true },
  cbor: {
    service: SERVICE,
    errorNamespace: ERROR_NAMESPACE,
    queryCompatible: true,
    timestamps: TIMESTAMPS,
    doubles: DOUBLES,
  },
  query: {
    apiVersion: '2010-08-01',
    emptyResults: [
      'DeleteDashboards',
      'DeleteAnomalyDetector',
      'PutAnomalyDetector',
      'TagResource',
      'UntagResource',
    ],
    xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    outputMaps: ['ExtendedStatistics'],
    timestamps: TIMESTAMPS,
  },
};
