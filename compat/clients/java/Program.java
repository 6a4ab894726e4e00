import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The Java client's stories, one source for kafka-clients 1.1 to 4.3. */
public final class Program {
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 3 && arguments[0].equals("--role")) {
            Groups.member(arguments[2], arguments[3], Arrays.copyOfRange(arguments, 4, arguments.length));
            return;
        }
        Tap.tellAll(stories());
        System.exit(0); // a client's threads must not keep the program from ending
    }

    private static Map<String, Tap.Story> stories() {
        Map<String, Tap.Story> stories = new LinkedHashMap<>();
        stories.put("hundred_messages_to_a_new_topic", Records::hundredMessagesToANewTopic);
        stories.put("group_from_earliest", Records::groupFromEarliest);
        stories.put("consumer_without_group", Records::consumerWithoutGroup);
        stories.put("keys_choose_partitions", Records::keysChoosePartitions);
        stories.put("compression_each", Records::compressionEach);
        stories.put("acks_each", Records::acksEach);
        stories.put("headers_keys_nulls", Records::headersKeysNulls);
        stories.put("large_message", Records::largeMessage);
        stories.put("idempotent_producer", Records::idempotentProducer);
        stories.put("seek_by_time", Records::seekByTime);
        stories.put("seek_and_ends", Records::seekAndEnds);
        stories.put("out_of_range_resets", Records::outOfRangeResets);
        stories.put("waiting_consumer_is_woken", Records::waitingConsumerIsWoken);
        stories.put("latest_sees_only_new", Records::latestSeesOnlyNew);
        stories.put("producer_survives_broker_restart", Records::producerSurvivesBrokerRestart);
        stories.put("transaction_commit_and_abort", Records::transactionCommitAndAbort);
        stories.put("transaction_carries_offsets", Records::transactionCarriesOffsets);
        stories.put("transactional_id_fences_the_older", Records::transactionalIdFencesTheOlder);
        stories.put("two_members_split_and_take_over", Groups::twoMembersSplitAndTakeOver);
        stories.put("member_leaves_cleanly", Groups::memberLeavesCleanly);
        stories.put("commit_and_resume", Groups::commitAndResume);
        stories.put("commit_with_metadata", Groups::commitWithMetadata);
        stories.put("resume_after_broker_restart", Groups::resumeAfterBrokerRestart);
        stories.put("consumer_survives_broker_restart", Groups::consumerSurvivesBrokerRestart);
        stories.put("many_groups", Groups::manyGroups);
        stories.put("consumer_lag", Groups::consumerLag);
        stories.put("pattern_subscription", Groups::patternSubscription);
        stories.put("static_member", Groups::staticMember);
        stories.put("cooperative_rebalance", Groups::cooperativeRebalance);
        stories.put("consumer_protocol_848", Groups::consumerProtocol848);
        stories.put("autocommit_while_running", Groups::autocommitWhileRunning);
        stories.put("admin_topics", Administration::adminTopics);
        stories.put("admin_recreate", Administration::adminRecreate);
        stories.put("admin_configs", Administration::adminConfigs);
        stories.put("admin_incremental_configs", Administration::adminIncrementalConfigs);
        stories.put("admin_broker_configs", Administration::adminBrokerConfigs);
        stories.put("admin_partitions", Administration::adminPartitions);
        stories.put("delete_records", Administration::deleteRecords);
        stories.put("list_offsets", Administration::listOffsets);
        stories.put("admin_groups", Administration::adminGroups);
        stories.put("admin_describe", Administration::adminDescribe);
        stories.put("alter_and_delete_group_offsets", Administration::alterAndDeleteGroupOffsets);
        stories.put("compacted_topic_refuses_keyless", Administration::compactedTopicRefusesKeyless);
        return stories;
    }
}
