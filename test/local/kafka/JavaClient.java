import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/** Java's own client against a broker: prints one line for each thing that it found. */
public class JavaClient {
  public static void main(String[] args) throws Exception {
    Map<String, Object> common = Map.of("bootstrap.servers", args[0]);
    try (Admin admin = Admin.create(common)) {
      admin.createTopics(List.of(new NewTopic("java", 3, (short) 1))).all().get();
      try {
        admin.createTopics(List.of(new NewTopic("java", 3, (short) 1))).all().get();
      } catch (java.util.concurrent.ExecutionException thrown) {
        System.out.println("twice " + (thrown.getCause() instanceof TopicExistsException));
      }
      var description = admin.describeTopics(List.of("java")).allTopicNames().get().get("java");
      System.out.println("partitions " + description.partitions().size());
      var resource = new ConfigResource(ConfigResource.Type.TOPIC, "java");
      var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
      System.out.println("retention " + config.get("retention.ms").value());
      System.out.println("nodes " + admin.describeCluster().nodes().get().size());
    }

    for (String compression : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      Properties properties = new Properties();
      properties.putAll(common);
      properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
      properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
      properties.put("compression.type", compression);
      properties.put("enable.idempotence", "true");
      try (var producer = new KafkaProducer<String, String>(properties)) {
        for (int index = 0; index < 200; index++) {
          producer.send(new ProducerRecord<>("java", "key-" + index % 7, compression + "-" + index));
        }
      }
    }

    Map<String, Object> reading = new HashMap<>(common);
    reading.put("group.id", "java-group");
    reading.put("auto.offset.reset", "earliest");
    reading.put("enable.auto.commit", "false");
    reading.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    reading.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    int read = 0;
    Map<String, Integer> last = new TreeMap<>();
    boolean ordered = true;
    try (var consumer = new KafkaConsumer<String, String>(reading)) {
      consumer.subscribe(List.of("java"));
      long end = System.currentTimeMillis() + 60_000;
      while (read < 1000 && System.currentTimeMillis() < end) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          read++;
          String[] value = record.value().split("-");
          int number = Integer.parseInt(value[1]);
          Integer before = last.put(value[0] + record.key(), number);
          ordered &= before == null || before < number;
        }
      }
      consumer.commitSync();
      System.out.println("read " + read + " ordered " + ordered);
      System.out.println("ends " + consumer.endOffsets(consumer.assignment()).values().stream().mapToLong(o -> o).sum());
    }
    try (var consumer = new KafkaConsumer<String, String>(reading)) {
      var partitions = List.of(new TopicPartition("java", 0), new TopicPartition("java", 1), new TopicPartition("java", 2));
      long committed = consumer.committed(java.util.Set.copyOf(partitions)).values().stream().mapToLong(o -> o.offset()).sum();
      System.out.println("committed " + committed);
      var times = consumer.offsetsForTimes(Map.of(partitions.get(0), 0L));
      System.out.println("first " + times.get(partitions.get(0)).offset());
    }
    try (Admin admin = Admin.create(common)) {
      System.out.println("group " + admin.listGroups().all().get().iterator().next().groupId());
      admin.deleteConsumerGroups(List.of("java-group")).all().get();
      admin.deleteTopics(List.of("java")).all().get();
      System.out.println("left " + admin.listTopics().names().get().size());
    }
  }
}
