TOPIC = TOPIC_WAREHOUSE = 'generated-warehouse'
EXCHANGE = 'tacker'
