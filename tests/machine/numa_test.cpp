// tests/machine/numa_test.cpp: nodes out of sysfs, and what they mean for a set of CPUs
#include "machine/numa.hpp"

#include <gtest/gtest.h>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

constexpr const char* kFolder = "sys/devices/system/node/";

void add_node(FakeRoot& root, int id, const std::string& cpus, const std::string& distance) {
  const std::string own = kFolder + ("node" + std::to_string(id)) + "/";
  root.file(own + "cpulist", cpus + "\n").file(own + "distance", distance + "\n");
}

TEST(NumaTest, NothingIsToldWithoutTheFolder) {
  const FakeRoot root;
  EXPECT_TRUE(numa_nodes(root.path()).empty());
  EXPECT_EQ(nodes_of({}, {0, 1}), 0);
  EXPECT_EQ(farthest({}, {0, 1}), 1);
}

TEST(NumaTest, NodesWithCpusMemoryAndDistances) {
  FakeRoot root;
  root.file(kFolder + std::string("online"), "0-1\n");
  add_node(root, 0, "0-3,8", "10 21");
  add_node(root, 1, "4-7", "21 10");
  root.file(kFolder + std::string("node0/meminfo"),
            "Node 0 MemTotal:       65711040 kB\nNode 0 MemFree:  1 kB\n");
  const auto nodes = numa_nodes(root.path());
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].cpus, (std::vector<int>{0, 1, 2, 3, 8}));
  EXPECT_EQ(nodes[0].memory, std::int64_t{65711040} * 1024);
  EXPECT_EQ(nodes[1].memory, 0) << "not told";
  EXPECT_EQ(nodes[1].distances, (std::vector<int>{21, 10}));
  EXPECT_EQ(nodes_of(nodes, {0, 1, 2}), 1);
  EXPECT_EQ(nodes_of(nodes, {3, 4}), 2);
  EXPECT_DOUBLE_EQ(farthest(nodes, {3, 4}), 2.1);
  EXPECT_DOUBLE_EQ(farthest(nodes, {4, 5}), 1) << "within one node";
}

TEST(NumaTest, AHoleInTheNumbersAndMemoryWithoutCpus) {
  FakeRoot root;
  root.file(kFolder + std::string("online"), "0,2\n");
  add_node(root, 0, "0-1", "10 17");
  add_node(root, 2, "", "17 10");  // memory behind a slower link
  const auto nodes = numa_nodes(root.path());
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[1].id, 2);
  EXPECT_EQ(nodes_of(nodes, {0, 1}), 1);
  EXPECT_EQ(farthest(nodes, {0, 1}), 1) << "no CPU there";
}

TEST(NumaTest, NonsenseIsLeftOut) {
  FakeRoot root;
  root.file(kFolder + std::string("online"), "0-3\n");
  add_node(root, 0, "0-1", "10 -4 99999999999");
  add_node(root, 1, "2-", "x");
  root.file(kFolder + std::string("node0/meminfo"), "Node 0 MemTotal: 99999999999999999999 kB\n");
  const auto nodes = numa_nodes(root.path());
  ASSERT_EQ(nodes.size(), 2U) << "nodes 2 and 3 have no files";
  EXPECT_TRUE(nodes[1].cpus.empty());
  EXPECT_EQ(nodes[0].memory, 0);
  EXPECT_EQ(farthest(nodes, {0, 1}), 1) << "distances that do not fit the nodes are not used";
}

TEST(NumaTest, ThisMachine) {
  for (const auto& node : numa_nodes()) EXPECT_GE(node.id, 0);
}

}  // namespace
}  // namespace payoff::machine
